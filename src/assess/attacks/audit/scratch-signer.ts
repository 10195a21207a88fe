// What the signer of a scratch cluster would say of its audit log, read from its folder.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import type { SignerRecord } from '../../oracles/audit-tree.ts'
import type { ScratchCluster } from '../../scratch-cluster.ts'

export async function scratchSigner({ directory }: Pick<ScratchCluster, 'directory'>): Promise<SignerRecord> {
  const signer = join(directory, 'signer')
  const [head, epoch] = await Promise.all(
    ['audit-head.json', 'audit-epoch.json'].map(async name => parseJson(await readFile(join(signer, name), 'utf8'))),
  )
  if (!isJsonObject(head) || !isJsonObject(epoch)) throw new Error('the signer of the scratch cluster keeps nothing of its audit log')
  const key = createPublicKey(createPrivateKey(await readFile(join(signer, 'audit.key')))).export({ type: 'spki', format: 'der' })
  const signed = typeof head['size'] === 'number' ? { size: head['size'], root: Buffer.from(String(head['root']), 'base64') } : undefined
  // Name and id of the key are of no account here: its type and 32 bytes follow.
  const logKey = `log+0+${Buffer.concat([Buffer.from([1]), key.subarray(-32)]).toString('base64')}`
  return { rootKey: String(epoch['rootKey']), logKey, signed }
}
