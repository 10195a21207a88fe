// Debian's docker-registry behind this cluster's own front: it stores and serves, listens on a unix socket only, and decides nothing.
import { join } from 'node:path'
import { writeJson } from '../base/write-json.ts'
import { upstreamIssuer, upstreamService } from './upstream-token.ts'

export const dockerRegistryPaths = ['/usr/bin/docker-registry', '/usr/local/bin/docker-registry'] as const

export interface DockerRegistrySettings {
  /** Its own folder: `data`, `registry.yml` and `front.pem`. */
  readonly directory: string
  readonly socket: string
  /** Signs the locations of uploads. */
  readonly secret: string
}

export const registryFiles = (directory: string) => ({
  config: join(directory, 'registry.yml'),
  /** The certificate whose key signs the front's tokens. */
  front: join(directory, 'front.pem'),
  data: join(directory, 'data'),
})

/** Of abandoned uploads. */
const uploadAge = '2h'

/** The configuration of docker-registry 2.8, as JSON, which is YAML. */
export function dockerRegistryConfig({ directory, socket, secret }: DockerRegistrySettings): string {
  const { data, front } = registryFiles(directory)
  return writeJson({
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: data, maxthreads: 25 },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: true, age: uploadAge, interval: '30m', dryrun: false } },
    },
    http: { net: 'unix', addr: socket, secret, relativeurls: true, headers: {} },
    auth: { token: { realm: 'https://localhost/token', service: upstreamService, issuer: upstreamIssuer, rootcertbundle: front } },
    validation: { disabled: false, manifests: { urls: { allow: [], deny: ['.*'] } } },
  })
}
