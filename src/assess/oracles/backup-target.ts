// Reads the target of backups by its description in docs/backup-format.md, without the code that writes or restores it.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { Decrypter } from 'age-encryption'
import { isJsonObject, parseJson } from '../../base/json.ts'

const payloadType = 'application/vnd.bulkhead.backup+json'
const ageHeader = 'age-encryption.org/v1\n'

export interface ReadTarget {
  readonly links: number
  readonly packs: number
  readonly objects: number
  /** What is not as the description says; empty if everything is. */
  readonly faults: readonly string[]
}

/** `recipients` is the number of recipients in the settings. Beside them only the process that wrote a pack may open it. */
export async function readBackupTarget(folder: string, publicKey: string, identity: string, recipients: number): Promise<ReadTarget> {
  const faults: string[] = []
  const key = createPublicKey(publicKey)
  const names = (await readdir(join(folder, 'links'))).sort()
  let previous = ''
  for (const [index, name] of names.entries()) {
    const file = await readFile(join(folder, 'links', name))
    const envelope = fields(parseJson(file.toString('utf8')))
    const payload = Buffer.from(String(envelope['payload']), 'base64')
    const [signature] = Array.isArray(envelope['signatures']) ? envelope['signatures'] : []
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
    if (!verify(null, signed, key, Buffer.from(String(fields(signature)['sig']), 'base64')))
      faults.push(`the signature of ${name} is invalid`)
    const link = fields(parseJson(payload.toString('utf8')))
    if (link['number'] !== Number(name.slice(0, 12))) faults.push(`${name} has the number ${link['number']}`)
    if (index > 0 && link['previous'] !== previous) faults.push(`${name} does not name the link before it`)
    previous = createHash('sha256').update(file).digest('hex')
  }
  const packs = await readdir(join(folder, 'packs'))
  let objects = 0
  for (const name of packs) {
    const content = await readFile(join(folder, 'packs', name))
    if (createHash('sha256').update(content).digest('hex') !== name.slice(0, 64)) faults.push(`${name} is not named by its digest`)
    const header = content.subarray(0, 4096).toString('latin1')
    const stanzas = header.slice(0, header.indexOf('\n---')).match(/^-> /gm)?.length ?? 0
    if (!header.startsWith(ageHeader)) faults.push(`${name} is not encrypted by age`)
    else if (stanzas < recipients || stanzas > recipients + 1) faults.push(`${name} has ${stanzas} recipients`)
    else objects += await objectsIn(name, content, identity, faults)
  }
  return { links: names.length, packs: packs.length, objects, faults }
}

async function objectsIn(name: string, content: Buffer, identity: string, faults: string[]): Promise<number> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  const lines = zstdDecompressSync(await decrypter.decrypt(content))
    .toString('utf8')
    .split('\n')
  let objects = 0
  for (const line of lines) {
    const at = line.indexOf(',"object":')
    if (!line.startsWith('{"resource":') || at < 0) continue
    const digest = createHash('sha256')
      .update(line.slice(at + ',"object":'.length, -1))
      .digest('hex')
    if (fields(parseJson(line))['sha256'] !== digest) faults.push(`${name} has an object with another digest`)
    objects++
  }
  return objects
}

const fields = (value: unknown): Readonly<Record<string, unknown>> => (isJsonObject(value) ? value : {})
