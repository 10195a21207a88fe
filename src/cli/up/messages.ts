// What `bulkhead up` prints.
import { relative } from 'node:path'
import type { Config } from '../../base/config/config.ts'
import type { DataDirectory } from './data-directory.ts'

export const profileWarning = `
WARNING: profile "upstream" is on. Bulkhead's secure defaults are OFF: pods may be privileged, tokens are mounted into every pod,
external IPs are allowed. Use it to compare with upstream Kubernetes, not to run workloads.
`

export const pluginsWarning = (names: readonly string[]): string => `
WARNING: protections are OFF that a secure cluster has: ${names.join(', ')} (insecureDisableAdmissionPlugins).
`

export const apiReady = (server: string): string => `The API answers on ${server}; starting the node …`

export const stopping = 'Stopping …'

export interface GreetingInput {
  readonly config: Config
  readonly directory: DataDirectory
  readonly server: string
  /** `127.0.0.1:5443`; undefined without a registry. */
  readonly registry: string | undefined
  /** Whether commands find the data directory by default. */
  readonly isDefault: boolean
  /** Path of a first manifest, and the folder from which it is applied. */
  readonly example: string
  readonly currentFolder: string
}

export function greeting({ config, directory, server, registry, isDefault, example, currentFolder }: GreetingInput): string {
  const kubectl = `kubectl --kubeconfig ${directory.kubeconfig}`
  const below = relative(currentFolder, example)
  return `
Bulkhead is ready.
  API         ${server} (TLS 1.3 only)
  kubeconfig  ${directory.kubeconfig}
  node        ${nodeLine(config)}${registry === undefined ? '' : `\n  registry    ${registry} (authority: ${directory.registryAuthority})`}
  secure      ${secureLine(config)}

Next:
  ${kubectl} get nodes
  ${kubectl} apply -f ${below.startsWith('..') ? example : below}
  npx bulkhead prove${isDefault ? '' : ` --data-dir ${config.dataDirectory}`}
Ctrl-C stops the cluster; its data stays.`
}

/** What is on without a setting; a protection that this start has switched off is named instead of claimed. */
function secureLine({ profile, insecureDisableAdmissionPlugins: off }: Config): string {
  if (profile !== 'secure') return 'NO: profile "upstream"'
  const protections = [
    off.includes('PodSecurity') ? '' : 'restricted pods',
    'no traffic without a policy, every object encrypted on disk, audit on, own identity for each part, keys in the signer only',
    off.length === 0 ? '' : `OFF: ${off.join(', ')}`,
  ]
  return protections.filter(text => text !== '').join(', ')
}

function nodeLine({ node, nodeName, apiServerOnly }: Config): string {
  switch (node.kind) {
    case 'real':
      return `${nodeName}, Ready (containerd)`
    case 'simulated':
      return `${node.count} simulated, Ready: pods are scheduled and shown as running, no container runs`
    case 'none':
      return apiServerOnly ? 'none (API server only, without controllers)' : 'none (control plane only)'
  }
}
