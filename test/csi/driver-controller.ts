// The Controller service of the test driver.

import { csiEnums } from '../../src/base/csi/csi-messages.ts'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { Refusal } from '../../src/base/csi/csi-server.testing.ts'
import { readMessage } from '../../src/base/csi/read-message.ts'
import type { DriverOptions } from './driver.ts'
import type { DriverVolume, DriverVolumes } from './driver-volumes.ts'

const leastBytes = 2 ** 20
const notHere = new Set(['UNKNOWN', 'VOLUME_CONDITION', 'GET_VOLUME', 'PUBLISH_READONLY'])

export async function controllerCalls(
  options: DriverOptions,
  volumes: DriverVolumes,
  method: CsiMethod,
  request: Readonly<Record<string, unknown>>,
): Promise<object> {
  switch (method) {
    case 'ControllerGetCapabilities': {
      const cannot = new Set([...(options.controllerCannot ?? []), ...(options.attach === true ? [] : ['PUBLISH_UNPUBLISH_VOLUME'])])
      const types = csiEnums.ControllerRpcType.filter(type => !notHere.has(type) && !cannot.has(type))
      return { capabilities: types.map(type => ({ rpc: { type } })) }
    }
    case 'CreateVolume': {
      // Required by the specification: who asks for a copy must see that it got one.
      const { volumeContentSource: contentSource } = readMessage('CreateVolumeRequest', request)
      const volume = written(options, await createVolume(volumes, request))
      return { volume: contentSource === undefined ? volume : { ...volume, contentSource } }
    }
    case 'DeleteVolume': {
      const { volumeId } = readMessage('DeleteVolumeRequest', request)
      const found = await volumes.find(volumeId)
      if (found !== undefined && found.nodes.length > 0)
        throw new Refusal('FAILED_PRECONDITION', `it is attached to ${found.nodes.join(', ')}`)
      await volumes.remove(volumeId)
      return {}
    }
    case 'ControllerPublishVolume': {
      const { volumeId, nodeId, volumeCapability } = readMessage('ControllerPublishVolumeRequest', request)
      const volume = await volumes.require(volumeId)
      const isMany = volumeCapability?.accessMode?.mode?.startsWith('MULTI_NODE') === true
      const others = volume.nodes.filter(node => node !== nodeId)
      if (others.length > 0 && !isMany) throw new Refusal('FAILED_PRECONDITION', `it is attached to ${others.join(', ')}`)
      await volumes.save({ ...volume, nodes: [...others, nodeId] })
      return { publishContext: { 'attached-to': nodeId } }
    }
    case 'ControllerUnpublishVolume': {
      const { volumeId, nodeId } = readMessage('ControllerUnpublishVolumeRequest', request)
      const volume = await volumes.find(volumeId)
      if (volume !== undefined) await volumes.save({ ...volume, nodes: volume.nodes.filter(node => node !== nodeId && nodeId !== '') })
      return {}
    }
    case 'ValidateVolumeCapabilities': {
      const { volumeId, volumeCapabilities } = readMessage('ValidateVolumeCapabilitiesRequest', request)
      await volumes.require(volumeId)
      return { confirmed: { volumeCapabilities } }
    }
    case 'ListVolumes': {
      const { maxEntries, startingToken } = readMessage('ListVolumesRequest', request)
      const all = (await volumes.all()).filter(({ snapshotOf }) => snapshotOf === undefined)
      const { page, nextToken } = pageOf(all, maxEntries, startingToken)
      return { entries: page.map(volume => ({ volume: written(options, volume), status: { publishedNodeIds: volume.nodes } })), nextToken }
    }
    case 'GetCapacity':
      return { availableCapacity: await volumes.free() }
    case 'ControllerExpandVolume': {
      const { volumeId, capacityRange } = readMessage('ControllerExpandVolumeRequest', request)
      const volume = await volumes.require(volumeId)
      const bytes = Math.max(volume.bytes, capacityRange?.requiredBytes ?? 0)
      if (bytes - volume.bytes > (await volumes.free())) throw new Refusal('OUT_OF_RANGE', 'the storage is full')
      await volumes.grow(volume, bytes)
      return { capacityBytes: bytes, nodeExpansionRequired: true }
    }
    case 'ControllerModifyVolume': {
      const { volumeId, mutableParameters } = readMessage('ControllerModifyVolumeRequest', request)
      const wrong = Object.keys(mutableParameters).find(key => key !== 'tier')
      if (wrong !== undefined) throw new Refusal('INVALID_ARGUMENT', `there is no parameter ${wrong}`)
      await volumes.save({ ...(await volumes.require(volumeId)), mutable: mutableParameters })
      return {}
    }
    case 'CreateSnapshot': {
      const { name, sourceVolumeId } = readMessage('CreateSnapshotRequest', request)
      const id = `snapshot-${name}`
      const known = await volumes.find(id)
      if (known !== undefined && known.snapshotOf !== sourceVolumeId) throw new Refusal('ALREADY_EXISTS', 'it is of another volume')
      const source = await volumes.require(sourceVolumeId)
      const made = known ?? (await volumes.make({ ...source, id, name, nodes: [], snapshotOf: sourceVolumeId }, source))
      return { snapshot: snapshotOf(made) }
    }
    case 'DeleteSnapshot':
      await volumes.remove(readMessage('DeleteSnapshotRequest', request).snapshotId)
      return {}
    case 'ListSnapshots': {
      const { maxEntries, startingToken, snapshotId, sourceVolumeId } = readMessage('ListSnapshotsRequest', request)
      const all = (await volumes.all()).filter(
        ({ id, snapshotOf }) =>
          snapshotOf !== undefined && (snapshotId === '' || id === snapshotId) && (sourceVolumeId === '' || snapshotOf === sourceVolumeId),
      )
      const { page, nextToken } = pageOf(all, maxEntries, startingToken)
      return { entries: page.map(snapshot => ({ snapshot: snapshotOf(snapshot) })), nextToken }
    }
    default:
      throw new Refusal('UNIMPLEMENTED', `the test driver has no ${method}`)
  }
}

async function createVolume(volumes: DriverVolumes, request: Readonly<Record<string, unknown>>): Promise<DriverVolume> {
  const { name, capacityRange, volumeCapabilities, parameters, volumeContentSource, mutableParameters } = readMessage(
    'CreateVolumeRequest',
    request,
  )
  if (name === '') throw new Refusal('INVALID_ARGUMENT', 'a volume needs a name')
  if (volumeCapabilities.length === 0) throw new Refusal('INVALID_ARGUMENT', 'a volume needs capabilities')
  const bytes = Math.max(capacityRange?.requiredBytes ?? 0, leastBytes)
  const limit = capacityRange?.limitBytes ?? 0
  const known = await volumes.find(`volume-${name}`)
  if (known !== undefined) {
    if (known.bytes < bytes || (limit > 0 && known.bytes > limit)) throw new Refusal('ALREADY_EXISTS', 'it has another size')
    return known
  }
  const sourceId = volumeContentSource?.snapshot?.snapshotId ?? volumeContentSource?.volume?.volumeId
  const source = sourceId === undefined ? undefined : await volumes.require(sourceId)
  const isBlock = volumeCapabilities.some(({ block }) => block !== undefined)
  const { context = '' } = parameters
  return await volumes.make(
    { id: `volume-${name}`, name, bytes, isBlock, context: context === '' ? {} : { context }, mutable: mutableParameters, nodes: [] },
    source,
  )
}

function written({ name, nodeId, topology }: DriverOptions, { id, bytes, context }: DriverVolume): object {
  const segments = topology ?? { [`topology.${name}/node`]: nodeId }
  const accessibleTopology = Object.keys(segments).length === 0 ? [] : [{ segments }]
  return { volumeId: id, capacityBytes: bytes, volumeContext: context, accessibleTopology }
}

const snapshotOf = ({ id, bytes, snapshotOf = '' }: DriverVolume): object => ({
  snapshotId: id,
  sourceVolumeId: snapshotOf,
  sizeBytes: bytes,
  creationTime: { seconds: 1_700_000_000, nanos: 0 },
  readyToUse: true,
})

function pageOf<T>(all: readonly T[], maxEntries: number, token: string): { readonly page: readonly T[]; readonly nextToken: string } {
  const from = token === '' ? 0 : Number(token)
  if (!Number.isInteger(from) || from < 0 || from > all.length) throw new Refusal('ABORTED', 'there is no such page')
  const to = maxEntries > 0 ? Math.min(from + maxEntries, all.length) : all.length
  return { page: all.slice(from, to), nextToken: to < all.length ? String(to) : '' }
}
