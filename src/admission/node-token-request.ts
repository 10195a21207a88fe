// Which tokens a node may request: those that its pods are configured to have, and none for servers that a pod does not use.

import { claimNameOf } from '../api/pods/claim-name.ts'
import { needsRight } from '../api/pods/token-right.ts'
import { type ApiError, notFound } from '../api/status.ts'
import type { StoreReader } from '../api/store-view.ts'
import type { TokenRequest } from '../api/types/authentication-v1.ts'
import type { CSIPersistentVolumeSource, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../api/types/core-v1.ts'
import type { CSIDriver } from '../api/types/storage-v1.ts'
import type { AdmissionRequest } from './admission.ts'
import type { DecideFor } from './policy/request-view.ts'

/** The right to an audience that no pod names: this verb, on a resource named like the audience, for the account's name. */
const audienceVerb = 'request-serviceaccounts-token-audience'

export interface NodeTokenParts {
  readonly reader: StoreReader
  readonly decide: DecideFor
  /** Whether RBAC grants the account anything; undefined: tokens need no grant. */
  hasRights?(namespace: string, name: string): boolean
}

/** The name in upstream's message for a missing pod. */
export const podOfLister = { group: '', plural: 'pod' }

/** Why `node` may not have the token; undefined if it may, and for other requests. */
export async function nodeTokenRefusal(
  request: AdmissionRequest,
  node: string,
  { reader, decide, hasRights }: NodeTokenParts,
): Promise<string | ApiError | undefined> {
  if (request.subresource !== 'token') return undefined
  const { namespace, name, user } = request
  const { boundObjectRef: bound, audiences } = (request.object as unknown as TokenRequest | undefined)?.spec ?? {}
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
  if (pod.spec.volumes?.some(volume => wantsAudience(volume, pod, audience, reader))) return undefined
  const right = { verb: audienceVerb, group: '', resource: audience, subresource: '', namespace, name, serviceAccount: undefined }
  if (audience !== '' && (await decide(request)(right)).allowed) return undefined
  return `audience "${audience}" not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`
}

/** A projected token, or a CSI driver that receives tokens of its pods. */
function wantsAudience(volume: Volume, pod: Pod, audience: string, reader: StoreReader): boolean {
  if (volume.projected?.sources?.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true
  const driver = volume.csi?.driver ?? driverOfClaim(volume, pod, reader)
  if (driver === undefined) return false
  const found = reader.get('csidrivers.storage.k8s.io', '', driver) as CSIDriver | undefined
  return found?.spec.tokenRequests?.some(wanted => wanted.audience === audience) === true
}

function driverOfClaim(volume: Volume, pod: Pod, reader: StoreReader): CSIPersistentVolumeSource['driver'] | undefined {
  const claimName = claimNameOf(pod, volume)
  if (claimName === undefined) return undefined
  const claim = reader.get('persistentvolumeclaims', pod.metadata.namespace ?? '', claimName) as PersistentVolumeClaim | undefined
  const bound = claim?.spec?.volumeName && (reader.get('persistentvolumes', '', claim.spec.volumeName) as PersistentVolume | undefined)
  return bound ? bound.spec?.csi?.driver : undefined
}
