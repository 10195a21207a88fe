// A CSI driver in memory, with faults on demand: it fails, hangs until the caller gives up, or does the work and loses the answer.
import { type CsiCode, CsiError } from '../../base/csi/csi-error.ts'
import { type CsiAnswer, type CsiControllerMethod, type CsiRequest, csiMethods } from '../../base/csi/csi-methods.ts'
import { readMessage } from '../../base/csi/read-message.ts'
import type { CsiControllers } from '../../client/csi/csi-controllers.ts'

/** `stuck` waits until the caller gives up, `hang` is what a caller sees then. */
export type Fault = { readonly code: CsiCode } | 'lost' | 'hang' | 'stuck'

interface FakeVolume {
  readonly id: string
  bytes: number
  readonly source?: string
  attributes: Readonly<Record<string, string>>
}

const rpcs = [
  'CREATE_DELETE_VOLUME',
  'PUBLISH_UNPUBLISH_VOLUME',
  'GET_CAPACITY',
  'CREATE_DELETE_SNAPSHOT',
  'CLONE_VOLUME',
  'EXPAND_VOLUME',
  'MODIFY_VOLUME',
] as const

export class FakeDriver implements CsiControllers {
  readonly name: string
  nodes: readonly string[]
  hasTopology = false
  needsNodeExpansion = false
  /** By name. */
  readonly volumes = new Map<string, FakeVolume>()
  readonly snapshots = new Map<string, { readonly id: string; readonly source: string }>()
  /** `volume@node`. */
  readonly attached = new Set<string>()
  readonly requests: {
    readonly method: CsiControllerMethod
    readonly request: Readonly<Record<string, unknown>>
    readonly node: string | undefined
  }[] = []
  /** The next calls of a method. */
  readonly faults = new Map<CsiControllerMethod, Fault[]>()

  constructor(name: string, nodes: readonly string[]) {
    this.name = name
    this.nodes = nodes
  }

  nodesOf = (driver: string): readonly string[] => (driver === this.name ? this.nodes : [])

  fail(method: CsiControllerMethod, ...faults: Fault[]): void {
    this.faults.set(method, faults)
  }

  count = (method: CsiControllerMethod): number => this.requests.filter(each => each.method === method).length

  async call<M extends CsiControllerMethod>(
    driver: string,
    method: M,
    request: CsiRequest<M>,
    signal: AbortSignal,
    node?: string,
  ): Promise<CsiAnswer<M>> {
    signal.throwIfAborted()
    this.requests.push({ method, request, node })
    const fault = this.faults.get(method)?.shift()
    // What a caller sees after its deadline: the work may be done or not.
    if (fault === 'hang') throw new CsiError(driver, method, 'DEADLINE_EXCEEDED', 'no answer')
    if (fault === 'stuck')
      return await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new CsiError(driver, method, 'CANCELLED', '')), { once: true }),
      )
    if (fault !== undefined && fault !== 'lost') throw new CsiError(driver, method, fault.code, 'as the test wants')
    const [, requestName, answerName] = csiMethods[method]
    const answer = this.#answer(method, readMessage(requestName, request))
    if (fault === 'lost') throw new CsiError(driver, method, 'UNAVAILABLE', 'the answer was lost')
    return readMessage(answerName, answer) as CsiAnswer<M>
  }

  #answer(method: CsiControllerMethod, given: object): object {
    const request: Readonly<Record<string, never>> = { ...given }
    const text = (field: string): string => String(request[field] ?? '')
    switch (method) {
      case 'GetPluginCapabilities': {
        const types = ['CONTROLLER_SERVICE', ...(this.hasTopology ? ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] : [])]
        return { capabilities: types.map(type => ({ service: { type } })) }
      }
      case 'ControllerGetCapabilities':
        return { capabilities: rpcs.map(type => ({ rpc: { type } })) }
      case 'CreateVolume':
        return { volume: this.#create(given as CsiRequest<'CreateVolume'>) }
      case 'DeleteVolume':
        this.volumes.delete(text('volumeId').replace(/^id-/, ''))
        return {}
      case 'ControllerPublishVolume':
        this.attached.add(`${text('volumeId')}@${text('nodeId')}`)
        return { publishContext: { device: 'sdx' } }
      case 'ControllerUnpublishVolume':
        this.attached.delete(`${text('volumeId')}@${text('nodeId')}`)
        return {}
      case 'CreateSnapshot': {
        const snapshot = this.snapshots.get(text('name')) ?? { id: `id-${text('name')}`, source: text('sourceVolumeId') }
        this.snapshots.set(text('name'), snapshot)
        const creationTime = { seconds: 1_764_547_200, nanos: 0 }
        return {
          snapshot: { snapshotId: snapshot.id, sourceVolumeId: snapshot.source, sizeBytes: 2 ** 30, readyToUse: true, creationTime },
        }
      }
      case 'DeleteSnapshot':
        this.snapshots.delete(text('snapshotId').replace(/^id-/, ''))
        return {}
      case 'ControllerExpandVolume': {
        const volume = this.#volume(text('volumeId'))
        volume.bytes = (given as CsiRequest<'ControllerExpandVolume'>).capacityRange?.requiredBytes ?? 0
        return { capacityBytes: volume.bytes, nodeExpansionRequired: this.needsNodeExpansion }
      }
      case 'ControllerModifyVolume':
        this.#volume(text('volumeId')).attributes = (given as CsiRequest<'ControllerModifyVolume'>).mutableParameters ?? {}
        return {}
      case 'GetCapacity':
        return { availableCapacity: 2 ** 40 }
      default:
        throw new CsiError(this.name, method, 'UNIMPLEMENTED', '')
    }
  }

  #create({
    name = '',
    capacityRange,
    volumeContentSource,
    mutableParameters = {},
    accessibilityRequirements,
  }: CsiRequest<'CreateVolume'>): object {
    const source = volumeContentSource?.snapshot?.snapshotId ?? volumeContentSource?.volume?.volumeId
    const volume = this.volumes.get(name) ?? {
      ...{ id: `id-${name}`, bytes: capacityRange?.requiredBytes ?? 0, attributes: mutableParameters },
      ...(source === undefined ? {} : { source }),
    }
    this.volumes.set(name, volume)
    return {
      volumeId: volume.id,
      capacityBytes: volume.bytes,
      volumeContext: { made: 'by-test' },
      ...(source === undefined ? {} : { contentSource: volumeContentSource }),
      ...(this.hasTopology ? { accessibleTopology: accessibilityRequirements?.preferred?.slice(0, 1) ?? [] } : {}),
    }
  }

  #volume(id: string): FakeVolume {
    const found = this.volumes.get(id.replace(/^id-/, ''))
    if (found === undefined) throw new CsiError(this.name, 'ControllerExpandVolume', 'NOT_FOUND', '')
    return found
  }
}
