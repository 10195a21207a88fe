// The newest audit head that was signed, kept where the server cannot write: an audit log that ends before it was cut, emptied or put back.
import { isJsonObject, parseJson } from '../base/json.ts'
import type { KeyFolder } from './key-folder.ts'
import type { AuditHeadMemory } from './key-signer.ts'
import { auditHeadFields, auditHeadParam } from './protocol.ts'

export const auditHeadFile = 'audit-head.json'

/** Throws where the file is damaged. */
export async function readAuditHead(folder: KeyFolder): Promise<AuditHeadMemory> {
  const stored = await folder.read(auditHeadFile)
  let writing: Promise<void> = Promise.resolve()
  return {
    newest: stored === undefined ? undefined : parseHead(stored.toString('utf8')),
    keep(head) {
      // One after the other: all go through the same temporary file.
      writing = writing.catch(() => undefined).then(() => folder.write(auditHeadFile, `${JSON.stringify(auditHeadFields(head))}\n`))
      return writing
    },
  }
}

function parseHead(text: string) {
  try {
    const value = parseJson(text)
    if (!isJsonObject(value)) throw new TypeError('it is no object')
    return auditHeadParam(value)
  } catch (cause) {
    throw new Error(`Cannot read "${auditHeadFile}": it holds no audit head`, { cause })
  }
}
