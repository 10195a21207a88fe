// Every admission plug-in in the order in which they run (upstream's `AllOrderedPlugins`), and when it is on.
import { UserError } from '../base/user-error.ts'

interface PluginRow {
  readonly name: string
  /** Upstream's names for what this one does, where they differ. */
  readonly also?: readonly string[]
  /** `secure`: by default in the secure profile only. */
  readonly on: 'always' | 'secure' | 'asked'
  /** A protection of the secure profile: switching it off takes a flag that says so. */
  readonly guard?: boolean
}

const table = [
  { name: 'NamespaceLifecycle', on: 'always', guard: true },
  { name: 'NamespaceExists', on: 'asked' },
  { name: 'UnenforcedKinds', on: 'always', guard: true },
  { name: 'NamespaceDefaults', on: 'secure', guard: true },
  { name: 'LimitPodHardAntiAffinityTopology', on: 'asked' },
  { name: 'LimitRanger', on: 'always', guard: true },
  { name: 'ServiceAccount', on: 'always', guard: true },
  { name: 'NodeRestriction', on: 'always', guard: true },
  { name: 'TaintNodesByCondition', on: 'always' },
  { name: 'TrustDomain', on: 'always', guard: true },
  { name: 'AlwaysPullImages', on: 'asked' },
  { name: 'ImagePolicyWebhook', on: 'asked' },
  { name: 'PodSecurity', on: 'always', guard: true },
  { name: 'OperatingSystem', on: 'secure', guard: true },
  { name: 'PodSecurityRelaxation', on: 'secure', guard: true },
  { name: 'PodNodeSelector', on: 'asked' },
  { name: 'Priority', on: 'always', guard: true },
  { name: 'SystemPriority', on: 'secure', guard: true },
  { name: 'DefaultTolerationSeconds', on: 'always' },
  { name: 'PodTolerationRestriction', on: 'asked' },
  { name: 'EventRateLimit', on: 'secure', guard: true },
  { name: 'ExtendedResourceToleration', on: 'asked' },
  { name: 'DefaultStorageClass', on: 'always' },
  { name: 'StorageObjectInUseProtection', on: 'always', guard: true },
  { name: 'OwnerReferencesPermissionEnforcement', on: 'asked' },
  { name: 'PersistentVolumeClaimResize', on: 'always' },
  { name: 'RuntimeClass', on: 'always', guard: true },
  {
    name: 'CertificateRequests',
    also: ['CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction'],
    on: 'always',
    guard: true,
  },
  { name: 'ClusterTrustBundleAttest', on: 'always', guard: true },
  { name: 'DefaultIngressClass', on: 'always' },
  { name: 'DenyServiceExternalIPs', on: 'secure', guard: true },
  { name: 'APIServiceBackend', on: 'secure', guard: true },
  { name: 'PodTopologyLabels', on: 'asked' },
  { name: 'MutatingAdmissionPolicy', on: 'always', guard: true },
  { name: 'MutatingAdmissionWebhook', on: 'always', guard: true },
  { name: 'PodSecurityDefaults', on: 'secure' },
  { name: 'ValidatingAdmissionPolicy', on: 'always', guard: true },
  { name: 'ValidatingAdmissionWebhook', on: 'always', guard: true },
  { name: 'ResourceQuota', on: 'always', guard: true },
] as const satisfies readonly PluginRow[]

export type PluginName = (typeof table)[number]['name']

export const pluginNames: readonly PluginName[] = table.map(({ name }) => name)

const rows = new Map<string, PluginRow & { readonly name: PluginName }>()
for (const row of table as readonly (PluginRow & { readonly name: PluginName })[])
  for (const name of [row.name, ...(row.also ?? [])]) rows.set(name, row)

/** As settings give them: names of plug-ins. */
export interface PluginSwitches {
  readonly enable?: readonly string[]
  readonly disable?: readonly string[]
  /** May name protections of the secure profile. */
  readonly insecureDisable?: readonly string[]
}

/** Throws a UserError that names the setting. */
export function enabledPlugins(profile: 'secure' | 'upstream', switches: PluginSwitches): ReadonlySet<PluginName> {
  const { enable = [], disable = [], insecureDisable = [] } = switches
  const on = new Set(table.filter(row => row.on === 'always' || (row.on === 'secure' && profile === 'secure')).map(({ name }) => name))
  const find = (setting: string, name: string) => {
    const row = rows.get(name)
    if (row === undefined) throw new UserError(`${setting}: unknown admission plug-in "${name}"; known are ${[...rows.keys()].join(', ')}`)
    return row
  }
  const asked = new Set(enable.map(name => find('enableAdmissionPlugins', name).name))
  const off: (readonly [string, readonly string[]])[] = [
    ['disableAdmissionPlugins', disable],
    ['insecureDisableAdmissionPlugins', insecureDisable],
  ]
  for (const name of asked) on.add(name)
  for (const [setting, names] of off) {
    for (const given of names) {
      const { name, guard } = find(setting, given)
      if (asked.has(name)) throw new UserError(`${setting}: "${given}" is in enableAdmissionPlugins too`)
      if (guard === true && profile === 'secure' && setting === 'disableAdmissionPlugins')
        throw new UserError(
          `${setting}: "${given}" is a protection of the secure profile; whoever wants to be without it gives insecureDisableAdmissionPlugins`,
        )
      on.delete(name)
    }
  }
  return on
}
