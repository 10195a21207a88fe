// The calls of CSI, and the types of their messages, derived from the table of messages.
import type { CsiEnumName, CsiMessageName, csiEnums, csiMessages } from './csi-messages.ts'

/** Method -> service, request, answer. */
export const csiMethods = {
  GetPluginInfo: ['Identity', 'Nothing', 'GetPluginInfoResponse'],
  GetPluginCapabilities: ['Identity', 'Nothing', 'GetPluginCapabilitiesResponse'],
  Probe: ['Identity', 'Nothing', 'ProbeResponse'],
  CreateVolume: ['Controller', 'CreateVolumeRequest', 'CreateVolumeResponse'],
  DeleteVolume: ['Controller', 'DeleteVolumeRequest', 'Nothing'],
  ControllerPublishVolume: ['Controller', 'ControllerPublishVolumeRequest', 'ControllerPublishVolumeResponse'],
  ControllerUnpublishVolume: ['Controller', 'ControllerUnpublishVolumeRequest', 'Nothing'],
  ValidateVolumeCapabilities: ['Controller', 'ValidateVolumeCapabilitiesRequest', 'ValidateVolumeCapabilitiesResponse'],
  ListVolumes: ['Controller', 'ListVolumesRequest', 'ListVolumesResponse'],
  ControllerGetVolume: ['Controller', 'ControllerGetVolumeRequest', 'ControllerGetVolumeResponse'],
  GetCapacity: ['Controller', 'GetCapacityRequest', 'GetCapacityResponse'],
  ControllerGetCapabilities: ['Controller', 'Nothing', 'ControllerGetCapabilitiesResponse'],
  CreateSnapshot: ['Controller', 'CreateSnapshotRequest', 'CreateSnapshotResponse'],
  DeleteSnapshot: ['Controller', 'DeleteSnapshotRequest', 'Nothing'],
  ListSnapshots: ['Controller', 'ListSnapshotsRequest', 'ListSnapshotsResponse'],
  ControllerExpandVolume: ['Controller', 'ControllerExpandVolumeRequest', 'ControllerExpandVolumeResponse'],
  ControllerModifyVolume: ['Controller', 'ControllerModifyVolumeRequest', 'Nothing'],
  NodeStageVolume: ['Node', 'NodeStageVolumeRequest', 'Nothing'],
  NodeUnstageVolume: ['Node', 'NodeUnstageVolumeRequest', 'Nothing'],
  NodePublishVolume: ['Node', 'NodePublishVolumeRequest', 'Nothing'],
  NodeUnpublishVolume: ['Node', 'NodeUnpublishVolumeRequest', 'Nothing'],
  NodeGetVolumeStats: ['Node', 'NodeGetVolumeStatsRequest', 'NodeGetVolumeStatsResponse'],
  NodeExpandVolume: ['Node', 'NodeExpandVolumeRequest', 'NodeExpandVolumeResponse'],
  NodeGetCapabilities: ['Node', 'Nothing', 'NodeGetCapabilitiesResponse'],
  NodeGetInfo: ['Node', 'Nothing', 'NodeGetInfoResponse'],
} as const satisfies Readonly<Record<string, readonly ['Identity' | 'Controller' | 'Node', CsiMessageName, CsiMessageName]>>

type Methods = typeof csiMethods
export type CsiMethod = keyof Methods
/** The calls that a controller may send to a driver: see docs/adr/0031-csi-controller-calls.md. */
export type CsiControllerMethod = { [M in CsiMethod]: Methods[M][0] extends 'Node' ? never : M }[CsiMethod]

const isCsiMethod = (name: string): name is CsiMethod => Object.hasOwn(csiMethods, name)
export const isCsiControllerMethod = (name: string): name is CsiControllerMethod => isCsiMethod(name) && csiMethods[name][0] !== 'Node'

type Scalars = { string: string; bool: boolean; int32: number; int64: number; map: Readonly<Record<string, string>> }

type Named<T extends string> = T extends 'secrets'
  ? Scalars['map']
  : T extends keyof Scalars
    ? Scalars[T]
    : T extends CsiEnumName
      ? (typeof csiEnums)[T][number]
      : T extends CsiMessageName
        ? CsiMessage<T>
        : never

type Field<T extends string> = T extends `${string} ${infer Kind}[]`
  ? readonly Named<Kind>[]
  : T extends `${string} ${infer Kind}?`
    ? Named<Kind>
    : T extends `${string} ${infer Kind}`
      ? Named<Kind>
      : never

type FieldsOf<N extends CsiMessageName> = (typeof csiMessages)[N]

/** A message that is read: every field has its default; an absent message is undefined. */
export type CsiMessage<N extends CsiMessageName> = {
  readonly [F in keyof FieldsOf<N>]: FieldsOf<N>[F] extends `${string} ${keyof Scalars | CsiEnumName | 'secrets'}` | `${string}[]`
    ? Field<FieldsOf<N>[F] & string>
    : Field<FieldsOf<N>[F] & string> | undefined
}

type WrittenNamed<T extends string> = T extends CsiMessageName ? CsiWritten<T> : Named<T>
type WrittenField<T extends string> = T extends `${string} ${infer Kind}[]`
  ? readonly WrittenNamed<Kind>[]
  : T extends `${string} ${infer Kind}?`
    ? WrittenNamed<Kind>
    : T extends `${string} ${infer Kind}`
      ? WrittenNamed<Kind>
      : never

/** A message to send: every field may be absent. */
export type CsiWritten<N extends CsiMessageName> = { readonly [F in keyof FieldsOf<N>]?: WrittenField<FieldsOf<N>[F] & string> | undefined }

export type CsiRequest<M extends CsiMethod> = CsiWritten<Methods[M][1]>
export type CsiAnswer<M extends CsiMethod> = CsiMessage<Methods[M][2]>
