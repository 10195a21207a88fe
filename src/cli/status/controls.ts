// The secure defaults, and whether each is in force: by the profile, or because no other way exists.
import type { Profile } from '../../base/config.ts'

export interface Control {
  readonly name: string
  readonly on: boolean
  /** What lifts it or where it is proved, for the reader. */
  readonly note: string
}

/** Those with `always` depend on no profile, those with `plugins` need these admission plug-ins. */
const defaults: readonly { readonly name: string; readonly always?: true; readonly note: string; readonly plugins?: readonly string[] }[] =
  [
    { name: 'TLS 1.3 only, between all parts', always: true, note: 'proof S5/A9' },
    { name: 'no anonymous access but health checks', always: true, note: 'proof A3' },
    { name: 'every object encrypted on disk', always: true, note: 'proof T2' },
    { name: 'audit record for each write', always: true, note: 'proof O11' },
    { name: 'private keys in the signer only', always: true, note: 'a process of its own' },
    { name: 'own identity for each controller', always: true, note: 'client certificates' },
    { name: 'node agent without a listening port', always: true, note: 'proof A1' },
    { name: 'Node authorizer and NodeRestriction', always: true, note: 'a node reads what its pods need', plugins: ['NodeRestriction'] },
    { name: 'trust domains share no node', always: true, note: 'proofs P3 and C9', plugins: ['TrustDomain'] },
    { name: 'restricted pods in every namespace', note: 'proofs C3 and P1; a namespace label lifts it', plugins: ['PodSecurity'] },
    { name: 'workloads refused together with their pods', note: 'proof C3', plugins: ['PodSecurity'] },
    { name: 'tokens only for accounts with rights', note: 'proof A7', plugins: ['ServiceAccount'] },
    {
      name: 'quota and limits in every new namespace',
      note: 'proofs C7 and C8; kubectl get clusterdefaults',
      plugins: ['ResourceQuota', 'LimitRanger', 'NamespaceDefaults'],
    },
    {
      name: 'new namespaces deny all traffic but DNS',
      note: 'proofs D4 and N1; where nodes enforce it, see Nodes',
      plugins: ['NamespaceDefaults'],
    },
    { name: 'no pods for a system that no node runs', note: 'nodes refuse them too', plugins: ['OperatingSystem'] },
    { name: 'Pod Security lowered by cluster rights alone', note: 'proof C3', plugins: ['PodSecurityRelaxation'] },
    { name: 'system priorities for kube-system alone', note: 'SystemPriority', plugins: ['SystemPriority'] },
    { name: 'events at a bounded rate', note: 'EventRateLimit', plugins: ['EventRateLimit'] },
    { name: 'no external IPs in Services', note: 'DenyServiceExternalIPs', plugins: ['DenyServiceExternalIPs'] },
  ]

/** `pluginsOff` are the admission plug-ins that somebody switched off. */
export function controlsOf(profile: Profile, pluginsOff: readonly string[]): Control[] {
  return defaults.map(({ name, always, note, plugins = [] }) => {
    const missing = plugins.filter(plugin => pluginsOff.includes(plugin))
    const on = missing.length === 0 && (always === true || profile === 'secure')
    return { name, on, note: missing.length === 0 ? note : `switched off: ${missing.join(', ')}` }
  })
}
