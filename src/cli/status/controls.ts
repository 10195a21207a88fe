// The secure defaults, and whether each is configured: by the profile and the admission plug-ins, or because no other way exists. Whether it
// holds is for the proofs to say.
import { plugins } from '../../admission/plugins/index.ts'
import type { Profile } from '../../base/config/config.ts'

export interface Control {
  readonly name: string
  readonly on: boolean
  /** How to lift it, or what to know about it; may be empty. */
  readonly note: string
  /** The proofs that attack it. */
  readonly proofs: readonly string[]
}

/** Of no plug-in: no other way exists, in either profile. */
const builtIn: readonly Omit<Control, 'on'>[] = [
  { name: 'TLS 1.3 only, between all parts', note: '', proofs: ['S5/A9'] },
  { name: 'anonymous access to health checks only', note: '', proofs: ['A3'] },
  { name: 'every object encrypted on disk', note: '', proofs: ['T2'] },
  { name: 'audit record for each write', note: '', proofs: ['O11'] },
  { name: 'private keys only in the signer', note: 'a separate process', proofs: [] },
  { name: 'separate identity for each controller', note: 'client certificates', proofs: [] },
  { name: 'node agent without a listening port', note: '', proofs: ['A1'] },
]

/** `pluginsOff` are the admission plug-ins that were switched off. */
export function controlsOf(profile: Profile, pluginsOff: readonly string[]): Control[] {
  const ofPlugins = plugins.flatMap(({ name: plugin, status = [] }) =>
    status.map(({ name, note, proofs = [], always, needs = [] }) => {
      const missing = [...needs, plugin].filter(needed => pluginsOff.includes(needed))
      const on = missing.length === 0 && (always === true || profile === 'secure')
      return { name, on, note: missing.length === 0 ? note : `switched off: ${missing.join(', ')}`, proofs }
    }),
  )
  return [...builtIn.map(control => ({ ...control, on: true })), ...ofPlugins]
}
