// Which tokens a node may request: those that its pods are configured to have, and none for servers that a pod does not use.

import { clusterDnsAccount, dnsTokenSeconds } from '../api/credentials/node-dns-token.ts'
import { claimNameOf } from '../api/pods/claim-name.ts'
import { needsRight } from '../api/pods/token-right.ts'
import { type ApiError, notFound } from '../api/status.ts'
import type { StoreReader } from '../api/store-view.ts'
import type { TokenRequest } from '../api/types/authentication-v1.ts'
import type { CSIPersistentVolumeSource, Node, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../api/types/core-v1.ts'
import type { CSIDriver } from '../api/types/storage-v1.ts'
import type { AdmissionRequest } from './admission.ts'
import type { DecideFor } from './policy/request-view.ts'

/** The right to an audience that no pod names: this verb, on a resource named like the audience, for the account's name. */
const audienceVerb = 'request-serviceaccounts-token-audience'

export interface NodeTokenParts {
  readonly reader: StoreReader
  readonly decide: DecideFor
  /** Upstream gives a node a token of a year for a pod whose volume has one of an hour. */
  readonly profile: 'secure' | 'upstream'
  /** Whether RBAC grants the account anything; undefined: tokens need no grant. */
  hasRights?(namespace: string, name: string): boolean
}

/** The lifetime of the token that every pod gets. */
const usualSeconds = 3607

/** The name in upstream's message for a missing pod. */
export const podOfLister = { group: '', plural: 'pod' }

/** Why `node` may not have the token; undefined if it may, and for other requests. */
export async function nodeTokenRefusal(
  request: AdmissionRequest,
  node: string,
  { reader, decide, profile, hasRights }: NodeTokenParts,
): Promise<string | ApiError | undefined> {
  if (request.subresource !== 'token') return undefined
  const { namespace, name, user } = request
  const spec = (request.object as unknown as TokenRequest | undefined)?.spec
  const { boundObjectRef: bound, audiences, expirationSeconds } = spec ?? {}
  if (profile === 'secure' && bound?.kind === 'Node') return dnsTokenRefusal(request, spec, node, reader)
  if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || !bound.name) return 'node requested token not bound to a pod'
  if (!bound.uid) return 'node requested token with a pod binding without a uid'
  const pod = reader.get('pods', namespace, bound.name) as Pod | undefined
  if (pod === undefined) return notFound(podOfLister, bound.name)
  if (pod.metadata.uid !== bound.uid)
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  if (pod.spec.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node'
  if (pod.spec.serviceAccountName !== name)
    return `node requested token for ServiceAccount "${name}", the pod runs as "${pod.spec.serviceAccountName}"`
  // Without an audience, the API server's own is meant.
  const [audience = '', ...more] = audiences ?? []
  if (more.length > 0) return 'node may only request 0 or 1 audiences'
  if (audience === '' && needsRight(pod) && hasRights?.(namespace, name) === false)
    return `ServiceAccount "${name}" has no right: its token is given when a RoleBinding of its namespace or a ClusterRoleBinding names it`
  const lifetimes = (pod.spec.volumes ?? []).flatMap(volume => lifetimesOf(volume, pod, audience, reader))
  const longest = Math.max(usualSeconds, ...lifetimes)
  if (profile === 'secure' && (expirationSeconds ?? 0) > longest)
    return `node requested a token of ${expirationSeconds} s, longer than the ${longest} s that its pod may have`
  if (lifetimes.length > 0) return undefined
  const right = { verb: audienceVerb, group: '', resource: audience, subresource: '', namespace, name, serviceAccount: undefined }
  if (audience !== '' && (await decide(request)(right)).allowed) return undefined
  return `audience "${audience}" not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}

/** Besides the tokens of its pods, a node gets one for the DNS part beside it, which ends with its Node. */
function dnsTokenRefusal(
  { namespace, name }: AdmissionRequest,
  spec: TokenRequest['spec'] | undefined,
  node: string,
  reader: StoreReader,
): string | undefined {
  const { boundObjectRef: bound, audiences, expirationSeconds } = spec ?? {}
  const own = reader.get('nodes', '', node) as Node | undefined
  if (namespace !== clusterDnsAccount.namespace || name !== clusterDnsAccount.name) return 'node requested token not bound to a pod'
  if (bound?.apiVersion !== 'v1' || bound.name !== node || bound.uid === undefined || bound.uid !== own?.metadata.uid)
    return `node requested token of its DNS part that is not bound to its own Node "${node}"`
  if ((audiences ?? []).length > 0) return 'node requested token of its DNS part for another audience than the API server'
  if ((expirationSeconds ?? Number.POSITIVE_INFINITY) > dnsTokenSeconds)
    return `node requested token of its DNS part for more than ${dnsTokenSeconds} s`
  return undefined
}

/** The lifetimes that the volume asks for its tokens of this audience: projected ones, and those of a CSI driver that receives tokens of its pods. */
function lifetimesOf(volume: Volume, pod: Pod, audience: string, reader: StoreReader): number[] {
  const projected = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) =>
    token && (token.audience ?? '') === audience ? [token.expirationSeconds ?? usualSeconds] : [],
  )
  const driver = volume.csi?.driver ?? driverOfClaim(volume, pod, reader)
  if (driver === undefined) return projected
  const found = reader.get('csidrivers.storage.k8s.io', '', driver) as CSIDriver | undefined
  const wanted = (found?.spec.tokenRequests ?? []).filter(asked => asked.audience === audience)
  return [...projected, ...wanted.map(asked => asked.expirationSeconds ?? usualSeconds)]
}

function driverOfClaim(volume: Volume, pod: Pod, reader: StoreReader): CSIPersistentVolumeSource['driver'] | undefined {
  const claimName = claimNameOf(pod, volume)
  if (claimName === undefined) return undefined
  const claim = reader.get('persistentvolumeclaims', pod.metadata.namespace ?? '', claimName) as PersistentVolumeClaim | undefined
  const bound = claim?.spec?.volumeName && (reader.get('persistentvolumes', '', claim.spec.volumeName) as PersistentVolume | undefined)
  return bound ? bound.spec?.csi?.driver : undefined
}
