// A CSI node service in memory that follows the specification to the letter: each call is idempotent, and what the specification forbids a container
// orchestrator is recorded as a violation. https://github.com/container-storage-interface/spec/blob/v1.11.0/spec.md#node-service-rpc
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import type { CsiCode } from '../../src/base/csi/csi-error.ts'
import type { CsiMethod } from '../../src/base/csi/csi-methods.ts'
import { Refusal } from '../../src/base/csi/csi-server.testing.ts'
import { readMessage } from '../../src/base/csi/read-message.ts'

interface Known {
  staged?: { readonly path: string; readonly request: string }
  readonly published: Map<string, string>
}

export interface StrictFault {
  readonly method: CsiMethod
  readonly code: CsiCode
  /** Whether the work is done before the code is answered, as when an answer is lost. */
  readonly after: boolean
}

export class StrictDriver {
  /** What the caller did against the specification. */
  readonly violations: string[] = []
  /** Calls of each volume in their order, with the code of those that failed. */
  readonly calls = new Map<string, string[]>()
  /** Of the next call of the method for the volume. */
  readonly faults = new Map<string, StrictFault>()
  readonly #volumes = new Map<string, Known>()
  readonly #running = new Set<string>()

  answer = async (method: CsiMethod, message: unknown): Promise<object> => {
    if (method === 'GetPluginInfo') return { name: 'strict.example.com', vendorVersion: '1' }
    if (method === 'Probe') return { ready: { value: true } }
    if (method === 'GetPluginCapabilities') return { capabilities: [] }
    if (method === 'NodeGetInfo') return { nodeId: 'n1' }
    if (method === 'NodeGetCapabilities') return { capabilities: [{ rpc: { type: 'STAGE_UNSTAGE_VOLUME' } }] }
    const request = message as { readonly volumeId?: string }
    const id = request.volumeId ?? ''
    const calls = this.calls.get(id) ?? []
    this.calls.set(id, calls)
    // "The CO SHOULD ensure that there are no other calls "in-flight" per volume at a given time."
    if (this.#running.has(id)) this.violations.push(`${method} while another call for ${id} runs`)
    this.#running.add(id)
    try {
      const fault = this.faults.get(id)
      const isIts = fault?.method === method
      if (isIts) this.faults.delete(id)
      // Then the volume is gone, with all that was made of it.
      const isGone = isIts && fault.code === 'NOT_FOUND' && method.startsWith('NodeUn')
      if (isGone) this.#volumes.delete(id)
      if (isIts && (!fault.after || isGone)) throw new Refusal(fault.code, 'a fault of the test')
      this.#work(method, message)
      if (isIts) throw new Refusal(fault.code, 'a fault of the test')
      calls.push(method)
      return {}
    } catch (err) {
      calls.push(`${method}=${err instanceof Refusal ? err.code : String(err)}`)
      throw err
    } finally {
      this.#running.delete(id)
    }
  }

  #work(method: CsiMethod, message: unknown): void {
    if (method === 'NodeStageVolume') this.#stage(message)
    else if (method === 'NodePublishVolume') this.#publish(message)
    else if (method === 'NodeUnpublishVolume') this.#unpublish(message)
    else if (method === 'NodeUnstageVolume') this.#unstage(message)
    else throw new Refusal('UNIMPLEMENTED', `there is no ${method}`)
  }

  #known(id: string): Known {
    if (id === '') this.#refuse('INVALID_ARGUMENT', 'volume_id is required')
    const known = this.#volumes.get(id) ?? { published: new Map() }
    this.#volumes.set(id, known)
    return known
  }

  #refuse(code: CsiCode, what: string): never {
    this.violations.push(what)
    throw new Refusal(code, what)
  }

  #require(isSo: boolean, code: CsiCode, what: string): void {
    if (!isSo) this.#refuse(code, what)
  }

  #stage(message: unknown): void {
    const request = readMessage('NodeStageVolumeRequest', message as Readonly<Record<string, unknown>>)
    const { volumeId, stagingTargetPath, volumeCapability } = request
    const known = this.#known(volumeId)
    this.#require(isAbsolute(stagingTargetPath), 'INVALID_ARGUMENT', `staging_target_path "${stagingTargetPath}" is no absolute path`)
    this.#require(existsSync(stagingTargetPath), 'INVALID_ARGUMENT', 'the CO SHALL ensure that the staging path exists')
    this.#capability(volumeCapability)
    const same = JSON.stringify(request)
    if (known.staged === undefined) known.staged = { path: stagingTargetPath, request: same }
    else this.#require(known.staged.request === same, 'ALREADY_EXISTS', `staged again with another request: ${same}`)
  }

  #publish(message: unknown): void {
    const request = readMessage('NodePublishVolumeRequest', message as Readonly<Record<string, unknown>>)
    const { volumeId, stagingTargetPath, targetPath, volumeCapability } = request
    const known = this.#known(volumeId)
    this.#require(known.staged !== undefined, 'FAILED_PRECONDITION', `${volumeId} published before it was staged`)
    this.#require(known.staged?.path === stagingTargetPath, 'INVALID_ARGUMENT', 'published with another staging path')
    this.#require(isAbsolute(targetPath), 'INVALID_ARGUMENT', `target_path "${targetPath}" is no absolute path`)
    this.#require(existsSync(dirname(targetPath)), 'INVALID_ARGUMENT', 'the CO SHALL ensure that the parent of the target path exists')
    this.#capability(volumeCapability)
    const same = JSON.stringify(request)
    const before = known.published.get(targetPath)
    // The target is the plug-in's to make.
    if (before === undefined) this.#require(!existsSync(targetPath), 'INVALID_ARGUMENT', 'the target path is there already')
    else this.#require(before === same, 'ALREADY_EXISTS', `published again with another request: ${same}`)
    mkdirSync(targetPath, { recursive: true })
    known.published.set(targetPath, same)
  }

  #unpublish(message: unknown): void {
    const { volumeId, targetPath } = readMessage('NodeUnpublishVolumeRequest', message as Readonly<Record<string, unknown>>)
    const known = this.#known(volumeId)
    this.#require(targetPath !== '', 'INVALID_ARGUMENT', 'target_path is required')
    rmSync(targetPath, { recursive: true, force: true })
    known.published.delete(targetPath)
  }

  #unstage(message: unknown): void {
    const { volumeId, stagingTargetPath } = readMessage('NodeUnstageVolumeRequest', message as Readonly<Record<string, unknown>>)
    const known = this.#known(volumeId)
    this.#require(known.published.size === 0, 'FAILED_PRECONDITION', `${volumeId} unstaged while it is published`)
    const isIts = known.staged === undefined || known.staged.path === stagingTargetPath
    this.#require(isIts, 'INVALID_ARGUMENT', 'unstaged with another staging path')
    delete known.staged
  }

  #capability(capability: ReturnType<typeof readMessage<'NodeStageVolumeRequest'>>['volumeCapability']): void {
    const { block, mount, accessMode } = capability ?? {}
    this.#require((block === undefined) !== (mount === undefined), 'INVALID_ARGUMENT', 'a capability is of a device or of a mount')
    const mode = accessMode?.mode ?? 'UNKNOWN'
    this.#require(mode !== 'UNKNOWN', 'INVALID_ARGUMENT', 'volume_capability.access_mode is required')
  }

  /** What the node has left with the driver. */
  left(): string[] {
    return [...this.#volumes].flatMap(([id, { staged, published }]) => [
      ...(staged === undefined ? [] : [`${id} staged`]),
      ...published.keys(),
    ])
  }
}
