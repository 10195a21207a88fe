// Exemptions from Pod Security by configuration, as in PodSecurityConfiguration, plus the cluster's own namespace.
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { CheckedPod } from './check.ts'
import { formatLevelVersion, labelled, type PodSecurityPolicy } from './policy.ts'

export interface Exemptions {
  readonly usernames: ReadonlySet<string>
  readonly namespaces: ReadonlySet<string>
  readonly runtimeClasses: ReadonlySet<string>
}

/** Parts of the cluster run in it, with rights on the node. */
export const systemNamespace = 'kube-system'

export const defaultExemptions: Exemptions = {
  usernames: new Set(),
  namespaces: new Set([systemNamespace]),
  runtimeClasses: new Set(),
}

/** Why a request is exempt from Pod Security; undefined if it is not. */
export function exemptionOf(exemptions: Exemptions, { namespace, user }: Pick<AdmissionRequest, 'namespace' | 'user'>, pod: CheckedPod) {
  if (exemptions.namespaces.has(namespace)) return 'namespace'
  if (exemptions.usernames.has(user.name)) return 'user'
  return exemptRuntimeClass(exemptions, pod) ? 'runtimeClass' : undefined
}

export const exemptRuntimeClass = ({ runtimeClasses }: Exemptions, { spec }: CheckedPod): boolean =>
  spec.runtimeClassName !== undefined && runtimeClasses.has(spec.runtimeClassName)

/** The warning for an exempt namespace whose labels require more than is enforced; undefined if they require nothing. */
export function exemptNamespaceWarning(
  name: string,
  policy: PodSecurityPolicy,
  labels: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const asked = labelled(labels)
    .filter(mode => policy[mode].level !== 'privileged')
    .map(mode => `${mode}=${formatLevelVersion(policy[mode])}`)
  if (asked.length === 0) return undefined
  return `namespace ${writeJson(name)} is exempt from Pod Security, and the policy (${asked.join(', ')}) will be ignored`
}
