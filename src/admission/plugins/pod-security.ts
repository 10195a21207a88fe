// Pod Security Standards: `restricted` unless the namespace is labelled (secure profile), judged for pods and for everything that makes pods.
import { hasPods, type LocatedPod, locatePod } from '../../api/located-pod.ts'
import { groupResource, type KubeObject } from '../../api/object.ts'
import type { ResourceDefinition } from '../../api/resource.ts'
import { type ApiError, forbidden, invalid } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted, type ClusterReader, patchAnnotation, type Verdict } from '../admission.ts'
import { describeFindings, evaluate, type Finding } from '../pod-security/evaluate.ts'
import { fixingPatch } from '../pod-security/fix.ts'
import {
  formatLevelVersion,
  type LevelVersion,
  type PodSecurityPolicy,
  policyOf,
  strictness,
  uniformPolicy,
} from '../pod-security/policy.ts'

/** Pod subresources whose object is not a pod spec to be judged. */
const ignoredSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])
const exemptNamespace = 'kube-system'
const maxPodsToWarnAbout = 3000
/** Characters of a patch that the audit event keeps; a pod of very many containers can have a longer one. */
const maxRecordedPatch = 16_384

export interface PodSecurityOptions {
  readonly reader: ClusterReader
  /** What holds where a namespace has no label; upstream's is `privileged`. */
  readonly defaults: 'restricted' | 'privileged'
  /** Refuse a workload whose pods would be refused, with the patch that passes; upstream only warns. */
  readonly enforceOnWorkloads: boolean
}

export function podSecurity({ reader, defaults, enforceOnWorkloads }: PodSecurityOptions): AdmissionPlugin {
  const defaultPolicy = uniformPolicy(defaults)
  const policyOfNamespace = (name: string) => policyOf(reader.get('namespaces', '', name)?.metadata.labels, defaultPolicy)

  function validatePods(request: AdmissionRequest): Verdict {
    if (request.namespace === exemptNamespace || request.object === undefined) return admitted
    const resource = groupResource(request.resource.group, request.resource.plural)
    const located = locatePod(resource, request.object)
    if (located === undefined) return admitted
    if (request.oldObject !== undefined && resource === 'pods' && !isSignificant(request.object, request.oldObject)) return admitted
    const { policy, errors } = policyOfNamespace(request.namespace)
    if (errors.length > 0)
      request.annotate('pod-security.kubernetes.io/error', `Failed to parse policy: ${errors.map(({ message }) => message).join(', ')}`)
    const enforced = resource === 'pods' || enforceOnWorkloads
    if (enforced) {
      const findings = evaluate(located.pod, policy.enforce)
      request.annotate('pod-security.kubernetes.io/enforce-policy', formatLevelVersion(policy.enforce))
      if (findings.length > 0) return { allowed: false, error: refusal(request, located, findings, policy.enforce, enforceOnWorkloads) }
    }
    report(request, located, policy, enforced)
    return admitted
  }

  function validateNamespace(request: AdmissionRequest): Verdict {
    if (request.object === undefined || request.subresource !== '') return admitted
    const { policy, errors } = policyOf(request.object.metadata.labels, defaultPolicy)
    const before = request.oldObject === undefined ? undefined : policyOf(request.oldObject.metadata.labels, defaultPolicy)
    if (errors.length > 0 && JSON.stringify(errors) !== JSON.stringify(before?.errors))
      return { allowed: false, error: invalid(request.resource, request.name, errors) }
    if (before && request.name !== exemptNamespace) warnAboutPods(request, policy.enforce, before.policy.enforce)
    return admitted
  }

  /** A stricter level does not touch running pods; it says which of them it would have refused. */
  function warnAboutPods(request: AdmissionRequest, now: LevelVersion, before: LevelVersion): void {
    if (now.level === 'privileged' || formatLevelVersion(now) === formatLevelVersion(before)) return
    if (now.minor === before.minor && strictness(now.level) <= strictness(before.level)) return
    const names = new Map<string, string[]>()
    for (const pod of reader.list('pods', request.name).slice(0, maxPodsToWarnAbout)) {
      const located = locatePod('pods', pod)
      const findings = located ? evaluate(located.pod, now) : []
      const reasons = findings.map(({ result }) => result.reason).join(', ')
      if (findings.length > 0) names.set(reasons, [...(names.get(reasons) ?? []), pod.metadata.name ?? ''])
    }
    if (names.size === 0) return
    request.warn(`existing pods in namespace "${request.name}" violate the new PodSecurity enforce level "${formatLevelVersion(now)}"`)
    for (const [reasons, [first = '', ...others]] of names)
      request.warn(
        `${first}${others.length === 0 ? '' : ` (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`}: ${reasons}`,
      )
  }

  return {
    name: 'PodSecurity',
    handles: ({ resource, subresource, operation }) => {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false
      const name = groupResource(resource.group, resource.plural)
      if (name === 'namespaces') return true
      return hasPods(name) && (name === 'pods' ? !ignoredSubresources.has(subresource) : subresource === '')
    },
    validate: request => (isNamespace(request.resource) ? validateNamespace(request) : validatePods(request)),
  }
}

const isNamespace = ({ group, plural }: ResourceDefinition): boolean => group === '' && plural === 'namespaces'

/** Audit and warn: what the other modes of the namespace would have said. */
function report(request: AdmissionRequest, { pod }: LocatedPod, policy: PodSecurityPolicy, enforced: boolean): void {
  const enforcedVersion = formatLevelVersion(policy.enforce)
  // What was enforced has passed: only other levels need another look.
  const audit = enforced && formatLevelVersion(policy.audit) === enforcedVersion ? [] : evaluate(pod, policy.audit)
  if (audit.length > 0)
    request.annotate(
      'pod-security.kubernetes.io/audit-violations',
      `would violate PodSecurity "${formatLevelVersion(policy.audit)}": ${describeFindings(audit)}`,
    )
  if (enforced && formatLevelVersion(policy.warn) === enforcedVersion) return
  const warn = evaluate(pod, policy.warn)
  if (warn.length > 0) request.warn(`would violate PodSecurity "${formatLevelVersion(policy.warn)}": ${describeFindings(warn)}`)
}

function refusal(
  request: AdmissionRequest,
  { pod, pointer }: LocatedPod,
  findings: readonly Finding[],
  enforced: LevelVersion,
  withPatch: boolean,
): ApiError {
  const wording = `violates PodSecurity "${formatLevelVersion(enforced)}": ${describeFindings(findings)}`
  const patch = withPatch ? fixingPatch(pod, findings, enforced, pointer) : undefined
  const text = patch === undefined ? '' : JSON.stringify(patch)
  if (text !== '' && text.length <= maxRecordedPatch) request.annotate(patchAnnotation, text)
  const advice = text === '' ? '' : `; this JSON patch of the ${request.resource.kind} would pass: ${text}`
  const error = forbidden(request.resource, request.name, `${wording}${advice}`)
  const prefix = pointer.slice(1).replaceAll('/', '.')
  error.status.details = {
    ...error.status.details,
    causes: findings.flatMap(({ result }) =>
      result.fields.map(field => ({ reason: result.reason, message: result.detail, field: prefix === '' ? field : `${prefix}.${field}` })),
    ),
  }
  return error
}

/** Updates of a pod may change little; only those that could matter to a check are judged again, as upstream does. */
function isSignificant(object: KubeObject, old: KubeObject): boolean {
  const [now, before] = [object as Pod, old as Pod]
  const relevant = ({ metadata, spec }: Pod) =>
    JSON.stringify([
      Object.entries(metadata.annotations ?? {}).filter(([key]) => key.includes('seccomp') || key.includes('apparmor')),
      [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].map(
        ({ name, image: _image, ...rest }) => ({ name, ...rest }),
      ),
      spec?.securityContext,
    ])
  return relevant(now) !== relevant(before)
}
