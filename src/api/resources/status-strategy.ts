// The common strategy of kinds with a status: the main path keeps the stored status, `/status` keeps everything else.
import type { UpdateFaults } from '../field-error.ts'
import type { KubeObject } from '../object.ts'
import { keepMetadata, keepSpec, keepStatus } from './core/status-path.ts'
import type { Subresource } from './resource.ts'

type WithSpecAndStatus = KubeObject & { spec?: unknown; status?: unknown }

export { keepSpec, keepStatus }

export interface StatusOptions<T extends KubeObject> {
  /** Metadata is restored too; upstream does so only for its newer kinds. */
  readonly keepsMetadata?: boolean
  /** Restored in addition to the spec. */
  readonly resetFields?: readonly string[]
  prepare?(object: T, old: T): void
  validate?(object: T, old: T): UpdateFaults
}

/** The `/status` subresource: get, update and patch, with the spec unchanged. */
export function statusSubresource<T extends WithSpecAndStatus>(options: StatusOptions<T> = {}): Subresource<T> {
  return {
    name: 'status',
    verbs: ['get', 'update', 'patch'],
    prepare(object, old) {
      keepSpec(object, old)
      if (options.keepsMetadata === true) keepMetadata(object.metadata, old.metadata)
      options.prepare?.(object, old)
    },
    resetFields: ['spec', ...(options.keepsMetadata === true ? ['metadata'] : []), ...(options.resetFields ?? [])],
    ...(options.validate === undefined ? {} : { validate: options.validate }),
  }
}

/** The `/scale` subresource of the workload kinds; the server's scale handler reads and writes the parent. */
export const scaleSubresource = {
  name: 'scale',
  verbs: ['get', 'update', 'patch'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
} as const satisfies Subresource<KubeObject>
