// The secure defaults, and whether each is in force: by the profile and the admission plug-ins, or because no other way exists.
import { plugins } from '../../admission/plugins/index.ts'
import type { Profile } from '../../base/config.ts'

export interface Control {
  readonly name: string
  readonly on: boolean
  /** What lifts it or where it is proved, for the reader. */
  readonly note: string
}

/** Of no plug-in: no other way exists, in either profile. */
const builtIn: readonly Omit<Control, 'on'>[] = [
  { name: 'TLS 1.3 only, between all parts', note: 'proof S5/A9' },
  { name: 'no anonymous access but health checks', note: 'proof A3' },
  { name: 'every object encrypted on disk', note: 'proof T2' },
  { name: 'audit record for each write', note: 'proof O11' },
  { name: 'private keys in the signer only', note: 'a process of its own' },
  { name: 'own identity for each controller', note: 'client certificates' },
  { name: 'node agent without a listening port', note: 'proof A1' },
]

/** `pluginsOff` are the admission plug-ins that somebody switched off. */
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
