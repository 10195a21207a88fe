// Pod Security Standards: `restricted` unless the namespace has a label (secure profile), evaluated for pods and for all pod templates.

import { isDeepStrictEqual } from 'node:util'
import { groupResource, type KubeObject } from '../../api/object.ts'
import { type LocatedPod, locatePod, podResources } from '../../api/pods/located-pod.ts'
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { type ApiError, forbidden, invalid } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { PodSecurityException } from '../../api/types/bulkhead-v1alpha1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AdmissionRequest, admitted, patchAnnotation, type Verdict } from '../admission.ts'
import { beforeChanges } from '../before-changes.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { type Advice, advise, type EvaluatedPod, type Sent } from '../pod-security/advice.ts'
import { fillingOf } from '../pod-security/before-filling.ts'
import { namespaceDefaults, type PodSecurityConfiguration } from '../pod-security/configuration.ts'
import { describeFindings, evaluate, type Finding } from '../pod-security/evaluate.ts'
import { except, exceptionAnnotation } from '../pod-security/exceptions.ts'
import { exemptionOf, exemptNamespaceWarning } from '../pod-security/exemptions.ts'
import { existingPodWarnings } from '../pod-security/existing-pods.ts'
import { formatLevelVersion, type LevelVersion, type PodSecurityPolicy, policyOf, samePolicy, strictness } from '../pod-security/policy.ts'
import { templateDigest } from '../pod-security/template-digest.ts'

/** Pod subresources whose object is not a pod spec. */
const ignoredSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])
/** Limit of characters of a patch in a refusal and its audit event; a pod with very many containers can have a longer one. */
const maxPatch = 16_384
/**
 * Limits of one finding. Its detail names all containers, and each field repeats it: without limits the answer would grow with the square
 * of their number.
 */
const shown = { causes: 100, detail: 1024 }

export interface PodSecurityOptions {
  readonly reader: StoreReader
  /** The secure profile refuses a workload whose pods would be refused, with a patch that passes; upstream only warns. */
  readonly profile: 'secure' | 'upstream'
  readonly configuration?: { readonly podSecurity?: PodSecurityConfiguration } | undefined
  /** Milliseconds since the epoch; decides which exceptions have expired. */
  now(): number
}

export const podSecurity: PluginDefinition<PodSecurityOptions> = {
  name: 'PodSecurity',
  does: 'Refuses pods, and in the secure profile pod templates, that violate the Pod Security Standard of their namespace',
  on: 'always',
  guard: 'any pod can be privileged, and thereby control its node',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: [...podResources, 'pods/*', 'namespaces', 'namespaces/*'] }],
  status: [
    { name: 'restricted pods in every namespace', note: 'a namespace label lifts it', proofs: ['C3', 'P1'] },
    { name: 'workloads refused if their pods would be', note: '', proofs: ['C3'] },
  ],
  create,
}

function create({ reader, profile, configuration, now }: PodSecurityOptions): PluginSteps {
  const { defaults, exemptions } = namespaceDefaults(profile, configuration?.podSecurity)
  const enforceOnWorkloads = profile === 'secure'
  const policyOfNamespace = (name: string) => policyOf(reader.get('namespaces', '', name)?.metadata.labels, defaults)

  function validatePods(request: AdmissionRequest): Verdict {
    if (request.object === undefined) return admitted
    const resource = groupResource(request.resource.group, request.resource.plural)
    const located = locatePod(resource, request.object)
    if (located === undefined) return admitted
    const exemption = exemptionOf(exemptions, request, located.pod)
    if (exemption !== undefined) {
      request.annotate('pod-security.kubernetes.io/exempt', exemption)
      return admitted
    }
    const { oldObject } = request
    if (oldObject !== undefined && resource === 'pods' && !isSignificant(request.object, oldObject)) return admitted
    const { policy, errors } = policyOfNamespace(request.namespace)
    if (errors.length > 0)
      request.annotate('pod-security.kubernetes.io/error', `Failed to parse policy: ${errors.map(({ message }) => message).join(', ')}`)
    const before = oldObject === undefined ? undefined : locatePod(resource, oldObject)
    // An existing template stays, or a finalizer could not be removed from an object that a stricter level would refuse.
    const enforced = resource === 'pods' || (enforceOnWorkloads && !isDeepStrictEqual(before?.pod, located.pod))
    const findings = enforced ? evaluate(located.pod, policy.enforce) : []
    if (enforced) request.annotate('pod-security.kubernetes.io/enforce-policy', formatLevelVersion(policy.enforce))
    report(request, located, policy, enforced ? findings : undefined)
    return findings.length === 0 ? admitted : unlessExcepted(request, located, findings, policy.enforce)
  }

  function unlessExcepted(request: AdmissionRequest, located: LocatedPod, findings: readonly Finding[], enforced: LevelVersion): Verdict {
    const digest = templateDigest(located.pod)
    // Exceptions are looked up only for what would be refused.
    const exceptions = reader.list('podsecurityexceptions.bulkhead.dev', request.namespace) as readonly PodSecurityException[]
    const { left, used } = except(findings, exceptions, digest, now())
    if (left.length > 0)
      return { allowed: false, error: refusal(request, located, left, { enforced, digest, withPatch: enforceOnWorkloads }) }
    const names = used.map(({ metadata, spec }) => `${metadata.name} of ${spec.owner} until ${spec.expires}`)
    request.annotate(exceptionAnnotation, names.join(', '))
    request.warn(
      `violates PodSecurity "${formatLevelVersion(enforced)}", and is admitted by PodSecurityException ${names.join(', ')}: ${describeFindings(findings)}`,
    )
    return admitted
  }

  function validateNamespace(request: AdmissionRequest): Verdict {
    if (request.object === undefined || request.subresource !== '') return admitted
    const { labels } = request.object.metadata
    const { policy, errors } = policyOf(labels, defaults)
    const before = request.oldObject === undefined ? undefined : policyOf(request.oldObject.metadata.labels, defaults)
    if (errors.length > 0 && writeJson(errors) !== writeJson(before?.errors))
      return { allowed: false, error: invalid(request.resource, request.name, errors) }
    if (before !== undefined && !isStricter(policy.enforce, before.policy.enforce)) return admitted
    if (exemptions.namespaces.has(request.name)) {
      const warning = samePolicy(policy, defaults) ? undefined : exemptNamespaceWarning(request.name, policy, labels)
      if (warning !== undefined) request.warn(warning)
    } else if (before !== undefined) {
      // A stricter level does not affect running pods; the warning lists those that it would refuse.
      for (const warning of existingPodWarnings(request.name, reader.list('pods', request.name), policy.enforce, exemptions))
        request.warn(warning)
    }
    return admitted
  }

  return {
    handles: ({ resource, subresource }) => resource.plural !== 'pods' || !ignoredSubresources.has(subresource),
    validate: async request => (isNamespace(request.resource) ? validateNamespace(request) : validatePods(request)),
  }
}

const isNamespace = ({ group, plural }: ResourceDefinition): boolean => group === '' && plural === 'namespaces'

function isStricter(now: LevelVersion, before: LevelVersion): boolean {
  if (now.level === 'privileged' || formatLevelVersion(now) === formatLevelVersion(before)) return false
  return now.minor !== before.minor || strictness(now.level) > strictness(before.level)
}

/** The results of the audit and warn modes. `enforced` are the findings of the enforced level, if it was evaluated. */
function report(request: AdmissionRequest, { pod }: LocatedPod, policy: PodSecurityPolicy, enforced: readonly Finding[] | undefined): void {
  const enforcedVersion = formatLevelVersion(policy.enforce)
  // The enforced level was already evaluated.
  const at = (levelVersion: LevelVersion) =>
    enforced !== undefined && formatLevelVersion(levelVersion) === enforcedVersion ? enforced : evaluate(pod, levelVersion)
  const audit = at(policy.audit)
  if (audit.length > 0)
    request.annotate(
      'pod-security.kubernetes.io/audit-violations',
      `would violate PodSecurity "${formatLevelVersion(policy.audit)}": ${describeFindings(audit)}`,
    )
  // A refused request needs no warning.
  if (enforced !== undefined && enforced.length > 0) return
  const warn = at(policy.warn)
  if (warn.length > 0) request.warn(`would violate PodSecurity "${formatLevelVersion(policy.warn)}": ${describeFindings(warn)}`)
}

function refusal(
  request: AdmissionRequest,
  { pod, pointer }: LocatedPod,
  findings: readonly Finding[],
  { enforced, digest, withPatch }: { readonly enforced: LevelVersion; readonly digest: string; readonly withPatch: boolean },
): ApiError {
  const own = withPatch ? `; templateDigest ${digest}` : ''
  const wording = `violates PodSecurity "${formatLevelVersion(enforced)}": ${describeFindings(findings)}${own}`
  const advised = withPatch ? advise(evaluatedOf(request, { pod, findings, enforced, pointer }), sentPod(request)) : undefined
  const text = advised !== undefined && 'patch' in advised ? writeJson(advised.patch) : ''
  const fits = text.length <= maxPatch
  if (text !== '' && fits) request.annotate(patchAnnotation, text)
  const advice = withPatch && fits ? `; ${adviceText(advised, request.resource.kind)}` : ''
  const error = forbidden(request.resource, request.name, `${wording}${advice}`)
  const prefix = pointer.slice(1).replaceAll('/', '.')
  error.status.details = {
    ...error.status.details,
    causes: findings.flatMap(({ result }) =>
      result.fields.slice(0, shown.causes).map(field => ({
        reason: result.reason,
        message: result.detail.slice(0, shown.detail),
        field: prefix === '' ? field : `${prefix}.${field}`,
      })),
    ),
  }
  return error
}

function adviceText(advice: Advice | undefined, kind: string): string {
  if (advice === undefined) return 'no patch is known to pass; what has to be so takes a PodSecurityException with this templateDigest'
  if ('patch' in advice) return `this JSON patch of the ${kind} would pass: ${writeJson(advice.patch)}`
  return `this is not the ${kind} that was sent: ${advice.changedBy.join(', ')} changed it, and no patch of what was sent is known to pass`
}

/** If fields were filled in, the advised patch applies to the object before that. */
function evaluatedOf(request: AdmissionRequest, filled: EvaluatedPod): EvaluatedPod {
  const spec = beforeChanges(request) === undefined ? fillingOf(request)?.before : undefined
  if (spec === undefined) return filled
  const pod = { metadata: filled.pod.metadata, spec }
  return { ...filled, pod, findings: evaluate(pod, filled.enforced) }
}

/** If webhooks or policies changed the sent object. */
function sentPod(request: AdmissionRequest): Sent | undefined {
  const before = beforeChanges(request)
  const located = before && locatePod(groupResource(request.resource.group, request.resource.plural), before.object)
  return located && { pod: located.pod, changedBy: before.changedBy }
}

/** Few fields of a pod can be updated; changes of an image or of a checked field are evaluated again. A resize changes neither. */
function isSignificant(object: KubeObject, old: KubeObject): boolean {
  const [now, before] = [object as Pod, old as Pod]
  const relevant = ({ metadata, spec }: Pod) =>
    writeJson([
      Object.entries(metadata.annotations ?? {}).filter(([key]) => key.includes('seccomp') || key.includes('apparmor')),
      [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].map(
        ({ name, image, securityContext, ports }) => [name, image, securityContext, ports],
      ),
      spec?.securityContext,
    ])
  return relevant(now) !== relevant(before)
}
