// Images of the cluster's own registry: before each start of a container, the pod's ServiceAccount must have the right to pull, whatever
// is on the node already. The credential is bound to the pod, is for the registry alone, and is on no disk.
import type { ImageReference } from '../../api/image-reference.ts'
import { registryAudience } from '../../api/repository-name.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import type { Client } from '../../client/client.ts'
import type { Mirrors } from '../../client/followed-mirrors.ts'
import { repositoryAccessReviews } from '../../client/resources.ts'
import type { RegistryAuth } from '../cri/messages.ts'
import type { TokenSource } from '../volumes/volume-files.ts'

export type PullRight = { readonly allowed: true; readonly auth: RegistryAuth } | { readonly allowed: false; readonly reason: string }

export interface ClusterRegistry {
  /** Undefined for images of other registries. Rejects if the API does not answer: then the container does not start. */
  pullRight(pod: Pod, reference: ImageReference, signal: AbortSignal): Promise<PullRight | undefined>
  /** Credentials of mirrors for this image, which each pod may use. */
  mirrorAuths(reference: ImageReference): readonly RegistryAuth[]
}

export interface NodeMirrors extends Mirrors {
  /** Resolves when the runtime knows the mirrors of the cluster: before that, it might contact a registry that must not be. */
  ready(signal: AbortSignal): Promise<void>
}

export interface ClusterRegistryOptions {
  /** As in image references: `192.0.2.1:5443`. */
  readonly hosts: readonly string[]
  readonly tokens: TokenSource
  readonly client: Client
  /** Default: there are none. */
  readonly mirrors?: NodeMirrors
}

/** The shortest that a TokenRequest gives. */
const tokenSeconds = 600
/** The registry reads the user from the token. */
const username = 'pod'

export function clusterRegistry({ hosts, tokens, client, mirrors }: ClusterRegistryOptions): ClusterRegistry {
  const own = new Set(hosts.map(host => host.toLowerCase()))
  return {
    async pullRight(pod, { registry, repository }, signal) {
      await mirrors?.ready(signal)
      const path = repository.slice(registry.length + 1)
      if (own.has(registry.toLowerCase())) return await review(pod, path, signal)
      if (mirrors === undefined) return undefined
      const [host] = hosts
      const { pullThrough } = mirrors.of(registry) ?? {}
      if (pullThrough === undefined || host === undefined) return undefined
      const right = await review(pod, `${pullThrough}/${path}`, signal)
      // A URL: the runtime sends the token to this host and to no other.
      return right.allowed ? { ...right, auth: { ...right.auth, serverAddress: `https://${host}` } } : right
    },
    mirrorAuths({ registry }) {
      return (mirrors?.of(registry)?.mirrors ?? []).flatMap(mirror => {
        const credentials = mirrors?.credentials(mirror)
        return credentials === undefined ? [] : [{ ...credentials, serverAddress: `https://${mirror.host}` }]
      })
    },
  }

  async function review(pod: Pod, name: string, signal: AbortSignal): Promise<PullRight> {
    const token = await tokens.token(pod, registryAudience, tokenSeconds, signal)
    const spec = { token, verb: 'pull', repositories: [name] }
    const { status = {} } = await client.create(repositoryAccessReviews, '', { metadata: { name: '' }, spec }, signal)
    if (status.authenticated === true && status.allowed?.includes(name) === true)
      return { allowed: true, auth: { username, password: token } }
    return { allowed: false, reason: refusal(pod, name, status.username ?? '', status.reason ?? '') }
  }
}

function refusal(pod: Pod, name: string, user: string, reason: string): string {
  const account = user === '' ? `${pod.metadata.namespace ?? ''}/${pod.spec.serviceAccountName ?? 'default'}` : user
  return `"${account}" may not pull "${name}" from the cluster's registry (verb pull on repositories.supply.bulkhead.dev)${reason === '' ? '' : `: ${reason}`}`
}
