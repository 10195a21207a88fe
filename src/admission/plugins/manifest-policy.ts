// ManifestPolicy: in a namespace with a policy, an object is what somebody whom the policy names has signed.
import { groupResource, type KubeObject } from '../../api/object.ts'
import { locatePod } from '../../api/pods/located-pod.ts'
import { sameValue } from '../../api/same-value.ts'
import { forbidden } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import { isJsonObject } from '../../base/json.ts'
import { admittedDifference } from '../../supply-chain/manifests/compare-fields.ts'
import type { SignedManifest } from '../../supply-chain/manifests/read-signed-manifest.ts'
import { signatureAnnotation, signedPart, verifiedAnnotation } from '../../supply-chain/manifests/signed-manifest.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { type AnyManifestPolicy, type KnownManifestPolicies, refuses, titleOf } from '../manifests/known-manifest-policies.ts'
import { unsignedOwner } from '../manifests/signed-owner.ts'
import { isMarked, markOf, setMark } from '../manifests/verified-mark.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import type { ServedKinds } from '../served-kinds.ts'

export interface ManifestPolicyOptions {
  readonly reader: StoreReader
  readonly kinds: ServedKinds
  /** Undefined in tests of other plug-ins: then nothing is required. */
  readonly manifests?: KnownManifestPolicies | undefined
  /** Milliseconds since the epoch. */
  now(): number
}

export const manifestPolicy: PluginDefinition<ManifestPolicyOptions> = {
  name: 'ManifestPolicy',
  does: 'Refuses objects that are not as somebody signed them, where a ManifestPolicy or ClusterManifestPolicy requires a signature',
  on: 'always',
  guard: 'objects that nobody trusted signed are stored although a policy is for them',
  handles: [{ operations: ['CREATE', 'UPDATE'], resources: ['*/*'] }],
  status: [{ name: 'manifest policies hold for every write', note: 'kubectl get manifestpolicies -A', proofs: ['S3'], always: true }],
  create,
}

/** Whoever may write them decides who may sign; events and leases are notes of running programs. */
const neverSigned: ReadonlySet<string> = new Set([
  'manifestpolicies.supply.bulkhead.dev',
  'clustermanifestpolicies.supply.bulkhead.dev',
  'trustroots.supply.bulkhead.dev',
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
])
/** The control plane's own accounts, and nodes. */
const clusterGroups: readonly string[] = ['system:serviceaccounts:kube-system', 'system:nodes']
/** What the server itself creates at its start; nobody else has the name, and who may impersonate it may do everything. */
const serverName = 'system:apiserver'

/** Loaded when a policy is first for an object. */
const evaluation = () => import('../manifests/evaluate-policies.ts')

function create({ reader, kinds, manifests, now }: ManifestPolicyOptions): PluginSteps {
  const verified = new WeakMap<AdmissionRequest, SignedManifest>()
  const judged = new WeakSet<AdmissionRequest>()
  return {
    async mutate(request) {
      const { object, oldObject, resource, subresource } = request
      if (object === undefined || manifests === undefined || resource.virtual === true) return
      const isOwnKind = subresource === '' || !otherKind(request)
      // What admission makes of it later is not what the client sent.
      if (judged.has(request)) return
      judged.add(request)
      const whole = groupResource(resource.group, resource.plural)
      const policies = neverSigned.has(whole) ? [] : manifests.matching(resource.group, resource.plural, request.namespace)
      if (policies.length === 0) {
        if (isOwnKind) setMark(object, undefined)
        return
      }
      if (subresource === 'scale') return await refuseScale(request, policies, reader)
      if (!isOwnKind) return
      const kept = oldObject !== undefined && isMarked(oldObject) ? oldObject.metadata.annotations?.[verifiedAnnotation] : undefined
      setMark(object, kept)
      if (subresource === 'status' || isUnchanged(object, oldObject)) return
      if (isCluster(request)) return requireOwner(request, object, policies)
      setMark(object, undefined)
      const { policyProblem, requireSignedManifest } = await evaluation()
      const problems = policies.flatMap(policy => {
        const message = policyProblem(policy, { object, oldObject, resource }, manifests.trustRoots, now())
        return message === undefined ? [] : [{ policy, message }]
      })
      const refusal = problems.find(({ policy }) => refuses(policy))
      if (refusal !== undefined) throw forbidden(resource, request.name, refusal.message)
      for (const { message } of problems) request.warn(message)
      if (problems.length > 0) return
      setMark(object, markOf(object))
      verified.set(request, requireSignedManifest(object))
    },
    async validate(request): Promise<Verdict> {
      const { object, resource, name } = request
      const manifest = verified.get(request)
      if (manifest === undefined || object === undefined) return admitted
      const refuse = (why: string): Verdict => ({ allowed: false, error: forbidden(resource, name, why) })
      if (!isMarked(object)) return refuse(`the signature of its manifest was changed after it was verified`)
      const { decodedManifest } = await evaluation()
      const found = admittedDifference({ ...object }, { ...decodedManifest(manifest, object, resource) }, manifest.object)
      return found === undefined ? admitted : refuse(`a mutation changed what was signed: ${found.path} ${found.what}`)
    },
  }

  /** The pods of an unsigned workload run what nobody signed, although the cluster makes them. */
  function requireOwner(request: AdmissionRequest, object: KubeObject, policies: readonly AnyManifestPolicy[]): void {
    const { resource, operation, namespace, name, user } = request
    if (operation !== 'CREATE' || locatePod(groupResource(resource.group, resource.plural), object) === undefined) return
    // What runs on a node already, as the node shows it.
    if (user.groups?.includes('system:nodes') === true) return
    const why = unsignedOwner(object, namespace, kinds, reader)
    const policy = policies.find(refuses)
    if (why !== undefined && policy !== undefined)
      throw forbidden(resource, name, `${titleOf(policy)} requires a signed manifest, and ${why}`)
  }
}

/** A Scale, a Binding, an Eviction. */
const otherKind = ({ resource, subresource }: AdmissionRequest): boolean =>
  resource.subresources.find(({ name }) => name === subresource)?.kind !== undefined || subresource === 'binding'

const isCluster = ({ user: { name, groups = [] } }: AdmissionRequest): boolean =>
  name === serverName || groups.some(group => clusterGroups.includes(group))

/** Also of an object that is being deleted, whose finalizers go. */
function isUnchanged(object: KubeObject, old: KubeObject | undefined): boolean {
  if (old === undefined) return false
  if (object.metadata.annotations?.[signatureAnnotation] !== old.metadata.annotations?.[signatureAnnotation]) return false
  const [now, before] = [object, old].map(each => signedPart({ ...each }))
  if (sameValue(now, before)) return true
  return old.metadata.deletionTimestamp !== undefined && sameValue(withoutFinalizers(now), withoutFinalizers(before))
}

function withoutFinalizers(part: Readonly<Record<string, unknown>> | undefined): unknown {
  const { finalizers: _, ...metadata } = isJsonObject(part?.['metadata']) ? part['metadata'] : {}
  return { ...part, metadata }
}

/** The autoscaler may scale; others only what was not signed. */
async function refuseScale(request: AdmissionRequest, policies: readonly AnyManifestPolicy[], reader: StoreReader): Promise<void> {
  const { object, oldObject, resource, namespace, name } = request
  if (isCluster(request) || sameValue(replicasOf(object), replicasOf(oldObject))) return
  const stored = reader.get(groupResource(resource.storedAs?.group ?? resource.group, resource.plural), namespace, name)
  const policy = policies.find(refuses)
  if (stored === undefined || policy === undefined) return
  const signed = isMarked(stored) ? (await evaluation()).requireSignedManifest(stored).object : undefined
  const why =
    signed === undefined
      ? 'it is not signed'
      : replicasOf(signed) === undefined
        ? undefined
        : 'spec.replicas is signed; leave it out of the manifest to scale freely'
  if (why !== undefined) throw forbidden(resource, name, `${titleOf(policy)} requires a signed manifest, and ${why}`)
}

function replicasOf(object: unknown): unknown {
  const spec = isJsonObject(object) ? object['spec'] : undefined
  return isJsonObject(spec) ? spec['replicas'] : undefined
}
