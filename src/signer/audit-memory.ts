// What the signer keeps of the audit log in its folder: the newest checkpoint, and the key of the current epoch.
import { createPrivateKey } from 'node:crypto'
import { isJsonObject, parseJson } from '../base/json.ts'
import type { Logger } from '../base/log.ts'
import { parseEpochCertificate } from '../base/tlog/epoch-certificate.ts'
import { hashBytes } from '../base/tlog/hashes.ts'
import { parseKey } from '../base/tlog/note.ts'
import { writeJson } from '../base/write-json.ts'
import { type AuditEpoch, type AuditHead, type AuditMemory, firstEpoch } from './audit-checkpoints.ts'
import type { KeyFolder } from './key-folder.ts'
import { privatePem } from './key-material.ts'
import { type HeadForm, openStoredHead } from './stored-head.ts'

const epochFile = 'audit-epoch.json'

/** The head of a release that signed batches has a sequence, and no size: no log of this release has it. */
const headForm: HeadForm<AuditHead | undefined> = {
  file: 'audit-head.json',
  log: 'audit log',
  fields: head => (head === undefined ? {} : { size: head.size, root: head.root.toString('base64'), note: head.note }),
  parse({ size, root, note, sequence }) {
    if (typeof sequence === 'number' && size === undefined) return undefined
    const bytes = Buffer.from(typeof root === 'string' ? root : '', 'base64')
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || bytes.length !== hashBytes || typeof note !== 'string')
      throw new TypeError('it has no size, root and note')
    return { size, root: bytes, note }
  },
}

/** Throws if a file is damaged, or missing although it was created before. */
export async function openAuditMemory(
  folder: KeyFolder,
  { mayMakeHead, now, log }: { readonly mayMakeHead: boolean; readonly now: number; readonly log: Logger },
): Promise<{ readonly memory: AuditMemory; readonly epoch: AuditEpoch }> {
  const head = await openStoredHead(folder, headForm, mayMakeHead)
  const stored = await folder.read(epochFile)
  if (stored === undefined && head.newest !== undefined) throw new Error(`Key file "${epochFile}" is missing`)
  const epoch = stored === undefined ? firstEpoch(now) : parseEpoch(stored.toString('utf8'))
  if (stored === undefined) {
    await folder.write(epochFile, epochText(epoch))
    log.info('key created', { file: epochFile })
  }
  const memory: AuditMemory = {
    head: head.newest,
    keepHead: newest => head.keep(newest),
    keepEpoch: next => folder.replaceSecret(epochFile, epochText(next)),
  }
  return { memory, epoch }
}

function epochText({ origin, rootKey, epoch, privateKey, certificate, size, since }: AuditEpoch): string {
  return `${writeJson({ origin, rootKey, epoch, privateKey: privatePem(privateKey), certificate, size, since })}\n`
}

function parseEpoch(text: string): AuditEpoch {
  try {
    const value = parseJson(text)
    if (!isJsonObject(value)) throw new TypeError('it is not an object')
    const { origin, rootKey, privateKey, certificate, since } = value
    if (![origin, rootKey, privateKey, certificate].every(each => typeof each === 'string') || typeof since !== 'number')
      throw new TypeError('it has no origin, keys and certificate')
    const { certificate: parsed } = parseEpochCertificate(String(certificate))
    parseKey(String(rootKey))
    const { epoch, size } = parsed
    const key = createPrivateKey(String(privateKey))
    return { origin: parsed.origin, rootKey: String(rootKey), epoch, privateKey: key, certificate: String(certificate), size, since }
  } catch (cause) {
    throw new Error(`Cannot read "${epochFile}": it contains no key of an epoch`, { cause })
  }
}
