// The secure defaults, and whether each is in force: by the profile, or because no other way exists.
import type { Profile } from '../../base/config.ts'

export interface Control {
  readonly name: string
  readonly on: boolean
  /** What lifts it or where it is proved, for the reader. */
  readonly note: string
}

/** Those with `always` have no switch. */
const defaults: readonly { readonly name: string; readonly always?: true; readonly note: string }[] = [
  { name: 'TLS 1.3 only, between all parts', always: true, note: 'proof S5/A9' },
  { name: 'no anonymous access but health checks', always: true, note: 'proof A3' },
  { name: 'every object encrypted on disk', always: true, note: 'proof T2' },
  { name: 'audit record for each write', always: true, note: 'proof O11' },
  { name: 'private keys in the signer only', always: true, note: 'a process of its own' },
  { name: 'own identity for each controller', always: true, note: 'client certificates' },
  { name: 'node agent without a listening port', always: true, note: 'proof A1' },
  { name: 'Node authorizer and NodeRestriction', always: true, note: 'a node reads what its pods need' },
  { name: 'restricted pods in every namespace', note: 'proofs C3 and P1; a namespace label lifts it' },
  { name: 'workloads refused together with their pods', note: 'proof C3' },
  { name: 'tokens only for accounts with rights', note: 'proof A7' },
  { name: 'no external IPs in Services', note: 'DenyServiceExternalIPs' },
]

export function controlsOf(profile: Profile): Control[] {
  return defaults.map(({ name, always, note }) => ({ name, on: always === true || profile === 'secure', note }))
}
