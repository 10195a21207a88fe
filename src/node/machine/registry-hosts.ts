// How containerd reaches the cluster's own registry: by each of its names, with the authority of its certificate.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureFile } from '../../base/files/replace-file.ts'

export interface RegistryEndpoint {
  /** As in image references: `192.0.2.1:5443`. */
  readonly hosts: readonly string[]
  /** PEM of the authority of its certificate. */
  readonly authority: string
}

const mark = 'bulkhead-registry.pem'

/** `hosts.toml` of containerd: nothing but TLS with that authority. */
export const hostsToml = (host: string, authorityFile: string): string => `server = ${JSON.stringify(`https://${host}`)}

[host.${JSON.stringify(`https://${host}`)}]
  capabilities = ["pull", "resolve"]
  ca = ${JSON.stringify(authorityFile)}
`

/** Folders of other registries, which an administrator made, stay; those of an earlier start are replaced. containerd reads them at each pull. */
export async function writeRegistryHosts(directory: string, registry: RegistryEndpoint | undefined): Promise<void> {
  for (const name of await readdir(directory)) {
    const isOurs = (await readdir(join(directory, name)).catch(() => [] as string[])).includes(mark)
    if (isOurs && registry?.hosts.includes(name) !== true) await rm(join(directory, name), { recursive: true, force: true })
  }
  for (const host of registry?.hosts ?? []) {
    const folder = join(directory, host)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await ensureFile(join(folder, mark), registry?.authority ?? '')
    await ensureFile(join(folder, 'hosts.toml'), hostsToml(host, join(folder, mark)))
  }
}
