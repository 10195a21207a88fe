// The enabled plug-ins: those of the profile, changed by the administrator's switches.
import { UserError } from '../base/user-error.ts'
import { plugins } from './plugins/index.ts'

const byName = new Map(plugins.flatMap(plugin => [plugin.name, ...(plugin.also ?? [])].map(name => [name, plugin] as const)))

/** Names of plug-ins, as in settings. */
export interface PluginSwitches {
  readonly enable?: readonly string[]
  readonly disable?: readonly string[]
  /** May contain protections of the secure profile. */
  readonly insecureDisable?: readonly string[]
}

/** Throws a UserError that names the setting. */
export function enabledPlugins(profile: 'secure' | 'upstream', switches: PluginSwitches): ReadonlySet<string> {
  const { enable = [], disable = [], insecureDisable = [] } = switches
  const enabled = new Set(plugins.filter(({ on }) => on === 'always' || (on === 'secure' && profile === 'secure')).map(({ name }) => name))
  const find = (setting: string, name: string) => {
    const plugin = byName.get(name)
    if (plugin === undefined)
      throw new UserError(`${setting}: unknown admission plug-in "${name}"; known are ${[...byName.keys()].join(', ')}`)
    return plugin
  }
  const requested = new Set(enable.map(name => find('enableAdmissionPlugins', name).name))
  const off: (readonly [string, readonly string[]])[] = [
    ['disableAdmissionPlugins', disable],
    ['insecureDisableAdmissionPlugins', insecureDisable],
  ]
  for (const name of requested) enabled.add(name)
  for (const [setting, names] of off) {
    for (const given of names) {
      const { name, guard } = find(setting, given)
      if (requested.has(name)) throw new UserError(`${setting}: "${given}" is in enableAdmissionPlugins too`)
      if (guard !== undefined && profile === 'secure' && setting === 'disableAdmissionPlugins')
        throw new UserError(
          `${setting}: "${given}" is a protection of the secure profile; to disable it, use insecureDisableAdmissionPlugins`,
        )
      enabled.delete(name)
    }
  }
  return enabled
}
