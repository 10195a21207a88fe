// PodSecurityConfiguration (pod-security.admission.config.k8s.io), as in kube-apiserver: levels of namespaces without labels, and
// exemptions.
import { expectKind, fail, items, type Json, mapping, text } from '../configuration-value.ts'
import { defaultExemptions, type Exemptions, systemNamespace } from './exemptions.ts'
import {
  formatLevelVersion,
  isLevel,
  type LevelVersion,
  levels,
  type Mode,
  minorOf,
  modes,
  type PodSecurityPolicy,
  uniformPolicy,
} from './policy.ts'

export interface PodSecurityConfiguration {
  /** Only values of the file; the profile sets the rest. */
  readonly defaults: Partial<PodSecurityPolicy>
  readonly exemptions: Exemptions
}

/** Throws a UserError. */
export function readPodSecurity(value: Json, at: string): PodSecurityConfiguration {
  expectKind(value, 'pod-security.admission.config.k8s.io', 'PodSecurityConfiguration', at)
  const defaults = value['defaults'] === undefined ? {} : mapping(value['defaults'], `${at}.defaults`)
  const known = modes.flatMap(mode => [mode, `${mode}-version`])
  for (const key of Object.keys(defaults)) if (!known.includes(key)) fail(`${at}.defaults`, `has the unknown field "${key}"`)
  const read = modes.flatMap((mode): [Mode, LevelVersion][] => {
    if (defaults[mode] === undefined) return []
    const level = text(defaults[mode], `${at}.defaults.${mode}`)
    if (!isLevel(level)) return fail(`${at}.defaults.${mode}`, `must be one of ${levels.join(', ')}, got "${level}"`)
    const version = text(defaults[`${mode}-version`] ?? 'latest', `${at}.defaults.${mode}-version`)
    const minor = version === 'latest' ? version : minorOf(version)
    if (minor === undefined) return fail(`${at}.defaults.${mode}-version`, `must be "latest" or "v1.x", got "${version}"`)
    return [[mode, { level, minor }]]
  })
  return { defaults: Object.fromEntries(read), exemptions: readExemptions(value['exemptions'], `${at}.exemptions`) }
}

/**
 * The policy of a namespace without labels. The secure profile requires the restricted level: throws a UserError if the file weakens it.
 */
export function defaultPolicy(profile: 'secure' | 'upstream', configured: PodSecurityConfiguration | undefined): PodSecurityPolicy {
  const own = uniformPolicy(profile === 'secure' ? 'restricted' : 'privileged')
  const policy = { ...own, ...configured?.defaults }
  if (profile === 'secure' && (policy.enforce.level !== 'restricted' || policy.enforce.minor !== 'latest'))
    fail(
      'PodSecurity',
      `enforces "${formatLevelVersion(policy.enforce)}", and the secure profile "restricted:latest": label the namespaces that need less, or use --profile upstream`,
    )
  return policy
}

/** The policy of a namespace without labels, and the exemptions. Throws like `defaultPolicy`. */
export const namespaceDefaults = (
  profile: 'secure' | 'upstream',
  configured: PodSecurityConfiguration | undefined,
): { readonly defaults: PodSecurityPolicy; readonly exemptions: Exemptions } => ({
  defaults: defaultPolicy(profile, configured),
  exemptions: configured?.exemptions ?? defaultExemptions,
})

/** The cluster's own namespace stays exempt, whatever the file contains. */
function readExemptions(value: unknown, at: string): Exemptions {
  const exemptions = value === undefined ? {} : mapping(value, at)
  const names = (key: keyof Exemptions) => items(exemptions[key], `${at}.${key}`).map((item, index) => text(item, `${at}.${key}[${index}]`))
  for (const key of Object.keys(exemptions))
    if (!['usernames', 'namespaces', 'runtimeClasses'].includes(key)) fail(at, `has the unknown field "${key}"`)
  return {
    usernames: new Set(names('usernames')),
    namespaces: new Set([systemNamespace, ...names('namespaces')]),
    runtimeClasses: new Set(names('runtimeClasses')),
  }
}
