// The chain of plug-ins: all mutations, then all validations. Anything that is not explicitly admitted is refused.
import { ApiError, forbidden, timedOut } from '../api/status.ts'
import { type AdmissionPlugin, type AdmissionRequest, refusedByAnnotation, type StoredGrowth } from './admission.ts'
import { startsSecondRound } from './reinvocation.ts'

export interface Admission {
  readonly plugins: readonly AdmissionPlugin[]
  /** Applies the plug-ins' changes to `request.object`, twice if one requests it. Rejects with the ApiError of the plug-in that refuses. */
  mutate(request: AdmissionRequest, signal: AbortSignal): Promise<void>
  /** Rejects with the ApiError of the first plugin that refuses; a plugin's own failure refuses too. */
  validate(request: AdmissionRequest, signal: AbortSignal): Promise<void>
  /** Throws the ApiError of the first plugin that refuses an object of this size. */
  validateSize(request: AdmissionRequest, size: StoredGrowth): void
  /** Throws the ApiError of the first plug-in that refuses the request after another server wrote. */
  recheck(request: AdmissionRequest): void
  /** Passes the outcome of a create or update to the plug-ins. */
  finish(request: AdmissionRequest, stored: boolean): void
}

export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  const mutating = plugins.filter(plugin => plugin.mutate !== undefined)
  const validating = plugins.filter(plugin => plugin.validate !== undefined)
  const measuring = plugins.filter(plugin => plugin.validateSize !== undefined)
  const rechecking = plugins.filter(plugin => plugin.recheck !== undefined)
  const finishing = plugins.filter(plugin => plugin.finish !== undefined)
  const refuse = (plugin: AdmissionPlugin, request: AdmissionRequest, err: unknown): never => {
    request.annotate(refusedByAnnotation, plugin.name)
    if (err instanceof ApiError) throw err
    const refusal = forbidden(request.resource, request.name, `admission plugin "${plugin.name}" failed to complete`)
    throw new ApiError(refusal.status, { cause: err })
  }
  /** A request that ended meanwhile, because its client disconnected or lost its right, must have no effect. */
  const goOn = (signal: AbortSignal): void => {
    if (signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
  }
  const mutateOnce = async (request: AdmissionRequest, signal: AbortSignal): Promise<void> => {
    for (const plugin of mutating) {
      if (!plugin.handles(request)) continue
      try {
        await plugin.mutate?.(request, signal)
      } catch (err) {
        refuse(plugin, request, err)
      }
      goOn(signal)
    }
  }
  return {
    plugins,
    validateSize(request, size) {
      for (const plugin of measuring) {
        try {
          const verdict = plugin.validateSize?.(request, size)
          if (verdict?.allowed === false) throw verdict.error
        } catch (err) {
          refuse(plugin, request, err)
        }
      }
    },
    recheck(request) {
      for (const plugin of rechecking) {
        if (!plugin.handles(request)) continue
        try {
          const verdict = plugin.recheck?.(request)
          if (verdict?.allowed === false) throw verdict.error
        } catch (err) {
          refuse(plugin, request, err)
        }
      }
    },
    finish(request, stored) {
      for (const plugin of finishing) plugin.finish?.(request, stored)
    },
    async mutate(request, signal) {
      await mutateOnce(request, signal)
      if (startsSecondRound(request)) await mutateOnce(request, signal)
    },
    async validate(request, signal) {
      for (const plugin of validating) {
        if (!plugin.handles(request)) continue
        try {
          const verdict = await plugin.validate?.(request, signal)
          if (verdict !== undefined && !verdict.allowed) throw verdict.error
        } catch (err) {
          refuse(plugin, request, err)
        }
        goOn(signal)
      }
    },
  }
}
