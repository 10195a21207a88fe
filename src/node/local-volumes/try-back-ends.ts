// Finds out how this machine can encrypt volumes, by doing it once with each way until one works.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../base/user-error.ts'
import type { BackEnd } from './back-end.ts'
import { imageBytes, reserveImage } from './image-file.ts'
import type { RunVolumeProgram } from './program.ts'
import { type VolumeFolders, volumePlace } from './volume-place.ts'

export interface Encryption {
  /** Undefined if none works. */
  readonly backEnd: BackEnd | undefined
  /** Why those before it do not work, one sentence each. */
  readonly refused: readonly string[]
}

const trialName = 'trial'
const keyBytes = 64
const trialText = 'bulkhead volume trial'

/** Never rejects: what does not work is a reason. */
export async function tryBackEnds(list: readonly BackEnd[], folders: VolumeFolders, run: RunVolumeProgram): Promise<Encryption> {
  const refused: string[] = []
  for (const backEnd of list) {
    const why = await whyNot(backEnd, folders, run)
    if (why === undefined) return { backEnd, refused }
    refused.push(`${backEnd.name}: ${why}`)
  }
  return { backEnd: undefined, refused }
}

async function whyNot(backEnd: BackEnd, folders: VolumeFolders, run: RunVolumeProgram): Promise<string | undefined> {
  const place = volumePlace(folders, trialName)
  const key = randomBytes(keyBytes)
  try {
    const impossible = await backEnd.impossible?.()
    if (impossible !== undefined) return impossible
    // Of a trial that was interrupted.
    await backEnd.close(place, run)
    await rm(place.folder, { recursive: true, force: true })
    await mkdir(place.folder, { recursive: true, mode: 0o700 })
    await reserveImage(place.image, imageBytes(1, backEnd.overheadBytes), run)
    await backEnd.format(place, key, run)
    await backEnd.open(place, key, run)
    const file = join(place.content, 'file')
    await writeFile(file, trialText, { flush: true })
    if (!(await backEnd.isOpen(place, run)) || (await readFile(file, 'utf8')) !== trialText) return 'what was written could not be read'
    await backEnd.close(place, run)
    // It claims to encrypt: the medium must not show what was written.
    if ((await readFile(place.image)).includes(trialText)) return 'what was written is on the disk in clear'
    return undefined
  } catch (err) {
    return messageOf(err)
  } finally {
    key.fill(0)
    await backEnd.close(place, run).catch(() => undefined)
    await rm(place.folder, { recursive: true, force: true })
    await rmdir(place.mountPoint).catch(() => undefined)
  }
}
