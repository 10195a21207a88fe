// What a volume's folder holds: written last, durably, so that an unfinished volume is known as such.
import { readTextIfThere } from '../../base/files/read-text.ts'
import { replaceFile } from '../../base/files/replace-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { VolumePlace } from './volume-place.ts'

export interface VolumeRecord {
  readonly backEnd: string
  readonly bytes: number
  /** A copy whose blocks belong to another volume too: each needs room of its own as soon as one of them is written. */
  readonly isShared?: boolean
  /** Pods get a device. */
  readonly isBlock?: boolean
}

/** Undefined if the volume is unfinished, or not there. Throws if the file is damaged. */
export async function readRecord({ record, name }: VolumePlace): Promise<VolumeRecord | undefined> {
  const text = await readTextIfThere(record)
  if (text === undefined) return undefined
  const value = parseJson(text)
  if (!isJsonObject(value) || typeof value['backEnd'] !== 'string' || typeof value['bytes'] !== 'number')
    throw new Error(`volume "${name}" is damaged: "${record}" does not say what it is`)
  return {
    ...{ backEnd: value['backEnd'], bytes: value['bytes'] },
    ...(value['isShared'] === true ? { isShared: true } : {}),
    ...(value['isBlock'] === true ? { isBlock: true } : {}),
  }
}

export const writeRecord = ({ record }: VolumePlace, content: VolumeRecord): Promise<void> =>
  replaceFile(record, `${writeJson({ version: 1, ...content })}\n`)
