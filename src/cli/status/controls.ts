// The secure defaults, and whether each is in force: by the profile and the admission plug-ins, or because no other way exists.
import { plugins } from '../../admission/plugins/index.ts'
import type { Profile } from '../../base/config/config.ts'

export interface Control {
  readonly name: string
  readonly on: boolean
  /** How to lift it, or which proof shows it. */
  readonly note: string
}

/** Of no plug-in: no other way exists, in either profile. */
const builtIn: readonly Omit<Control, 'on'>[] = [
  { name: 'TLS 1.3 only, between all parts', note: 'proof S5/A9' },
  { name: 'anonymous access to health checks only', note: 'proof A3' },
  { name: 'every object encrypted on disk', note: 'proof T2' },
  { name: 'audit record for each write', note: 'proof O11' },
  { name: 'private keys only in the signer', note: 'a separate process' },
  { name: 'separate identity for each controller', note: 'client certificates' },
  { name: 'node agent without a listening port', note: 'proof A1' },
]

/** `pluginsOff` are the admission plug-ins that were switched off. */
export function controlsOf(profile: Profile, pluginsOff: readonly string[]): Control[] {
  const ofPlugins = plugins.flatMap(({ name: plugin, status = [] }) =>
    status.map(({ name, note, always, needs = [] }) => {
      const missing = [...needs, plugin].filter(needed => pluginsOff.includes(needed))
      const on = missing.length === 0 && (always === true || profile === 'secure')
      return { name, on, note: missing.length === 0 ? note : `switched off: ${missing.join(', ')}` }
    }),
  )
  return [...builtIn.map(control => ({ ...control, on: true })), ...ofPlugins]
}
