// The private keys in the signer's folder, for proofs that forge credentials: only for a user who may read them anyway.
import { createPrivateKey } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority, ClusterKeys } from '../../assess/cluster-keys.ts'

const otherAuthorities = ['serving', 'front-proxy', 'kubelet-serving', 'registry', 'etcd']

/** `folder` is that of the signer. */
export async function readClusterKeys(folder: string): Promise<ClusterKeys> {
  const authority = async (name: string): Promise<CertificateAuthority> => ({
    certificate: await readFile(join(folder, `${name}-ca.crt`), 'utf8'),
    key: createPrivateKey(await readFile(join(folder, `${name}-ca.key`))),
  })
  const numbers = (await readdir(folder)).flatMap(name => /^service-account-(\d+)\.key$/.exec(name)?.[1] ?? []).map(Number)
  const others = await Promise.all(otherAuthorities.map(async name => [name, await authority(name)] as const))
  return {
    client: await authority('client'),
    others: Object.fromEntries(others),
    token: createPrivateKey(await readFile(join(folder, `service-account-${Math.max(...numbers)}.key`))),
  }
}
