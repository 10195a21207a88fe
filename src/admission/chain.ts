// The chain of plug-ins: all mutations, then all validations. Anything that is not explicitly admitted is refused.
import { ApiError, forbidden, timedOut } from '../api/status.ts'
import { AnswerPending } from '../base/answer-pending.ts'
import { type AdmissionPlugin, type AdmissionRequest, refusedByAnnotation, type StoredGrowth } from './admission.ts'
import { startsSecondRound } from './reinvocation.ts'

export interface Admission {
  readonly plugins: readonly AdmissionPlugin[]
  /** Applies the plug-ins' changes to `request.object`, twice if one requests it. Rejects with the ApiError of the plug-in that refuses. */
  mutate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** Rejects with the ApiError of the first plug-in that refuses; an error of a plug-in refuses too. */
  validate(request: AdmissionRequest, signal: AbortSignal): Promise<void> | void
  /** Throws the ApiError of the first plug-in that refuses an object of this size. */
  validateSize(request: AdmissionRequest, size: StoredGrowth): void
  /** Passes the outcome of a create or update to the plug-ins. */
  finish(request: AdmissionRequest, stored: boolean): void
}

export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
  const measuring = plugins.filter(plugin => plugin.validateSize !== undefined)
  const finishing = plugins.filter(plugin => plugin.finish !== undefined)
  const refuse = (plugin: AdmissionPlugin, request: AdmissionRequest, err: unknown): never => {
    request.annotate(refusedByAnnotation, plugin.name)
    if (err instanceof ApiError) throw err
    const refusal = forbidden(request.resource, request.name, `admission plugin "${plugin.name}" failed to complete`)
    throw new ApiError(refusal.status, { cause: err })
  }
  /** Steps from `index` on; waits only if a plug-in does, so that the usual request needs no turn of the loop. */
  const run = (
    step: (plugin: AdmissionPlugin, request: AdmissionRequest, signal: AbortSignal) => Promise<void> | void,
    request: AdmissionRequest,
    signal: AbortSignal,
    index = 0,
  ): Promise<void> | void => {
    for (let at = index; at < plugins.length; at++) {
      const plugin = plugins[at]
      if (plugin === undefined || !plugin.handles(request)) continue
      try {
        const pending = step(plugin, request, signal)
        if (pending !== undefined)
          return pending.then(
            () => {
              // A request that has ended meanwhile, because its client is gone or lost its rights, must have no effect.
              if (signal.aborted) throw timedOut('request did not complete within requested timeout', 0)
              return run(step, request, signal, at + 1)
            },
            err => refuse(plugin, request, err),
          )
      } catch (err) {
        // The plug-in retries, and continues when it has its answer.
        const goOn = () => run(step, request, signal, at)
        if (err instanceof AnswerPending) return err.answered.then(goOn, failed => refuse(plugin, request, failed))
        refuse(plugin, request, err)
      }
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
    finish(request, stored) {
      for (const plugin of finishing) plugin.finish?.(request, stored)
    },
    mutate(request, signal) {
      const mutate = (plugin: AdmissionPlugin, r: AdmissionRequest, s: AbortSignal) => plugin.mutate?.(r, s)
      const again = (): Promise<void> | void => (startsSecondRound(request) ? run(mutate, request, signal) : undefined)
      const pending = run(mutate, request, signal)
      return pending === undefined ? again() : pending.then(again)
    },
    validate: (request, signal) =>
      run(
        (plugin, r, s) => {
          const verdict = plugin.validate?.(r, s)
          if (verdict === undefined) return
          if (verdict instanceof Promise)
            return verdict.then(decided => {
              if (!decided.allowed) throw decided.error
            })
          if (!verdict.allowed) throw verdict.error
        },
        request,
        signal,
      ),
  }
}
