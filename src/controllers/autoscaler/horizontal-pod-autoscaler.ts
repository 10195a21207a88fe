// Scales the targets of HorizontalPodAutoscalers by their metrics, as upstream's pkg/controller/podautoscaler.
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import { setAutoscalerDefaults } from '../../api/resources/autoscaling/horizontal-pod-autoscaler.ts'
import { sameValue } from '../../api/same-value.ts'
import { formatLabelSelector } from '../../api/selectors/selector.ts'
import { isReason } from '../../api/status.ts'
import type { HorizontalPodAutoscaler } from '../../api/types/autoscaling-v2.ts'
import { copyJson } from '../../base/data/copy-json.ts'
import { messageOf } from '../../base/user-error.ts'
import { keyOf, splitKey } from '../../client/cache/object-key.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { horizontalPodAutoscalers, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow, type Result } from '../controller.ts'
import { ServedGroups } from '../served-groups.ts'
import { type AutoscalerMemory, firstMemory, rememberRescale, type Verdict } from './autoscaler-limits.ts'
import { readMetric } from './autoscaler-metrics.ts'
import {
  type AutoscalerEvent,
  aimOf,
  type Outcome,
  type Plan,
  planByMetrics,
  planForSelector,
  planWithoutMetrics,
  statusAfter,
} from './autoscaler-plan.ts'
import { type Selections, targetPods } from './autoscaler-selector.ts'
import { readTarget, scaleTarget, type Target } from './autoscaler-target.ts'

/** Attempts to write one status while its autoscaler is edited. */
const maxAttempts = 5

export const horizontalPodAutoscaler: Controller = {
  name: 'horizontal-pod-autoscaler',
  identity: {
    account: 'horizontal-pod-autoscaler',
    rules: [
      rule(read, 'autoscaling', 'horizontalpodautoscalers'),
      rule('update', 'autoscaling', 'horizontalpodautoscalers/status'),
      rule('get update', '*', '*/scale'),
      rule('list watch', 'core', 'pods'),
      rule('list watch', 'metrics.k8s.io', 'pods'),
      rule(read, 'custom.metrics.k8s.io', '*'),
      rule(read, 'external.metrics.k8s.io', '*'),
      recordEvents,
    ],
  },
  follows: [
    // Its own status changes most often and needs no sync.
    follow({
      resource: horizontalPodAutoscalers,
      keys: (autoscaler, _, old) => (old !== undefined && sameValue(old.spec, autoscaler.spec) ? [] : [keyOf(autoscaler)]),
    }),
    // Only read during a sync.
    follow({ resource: pods, keys: () => [] }),
  ],
  begin(context) {
    const autoscalers = new Autoscalers(context)
    return (key, signal) => autoscalers.reconcile(key, signal)
  },
}

class Autoscalers {
  readonly #context: Context
  readonly #groups: ServedGroups
  readonly #memories = new Map<string, AutoscalerMemory>()
  /** By namespace. */
  readonly #selections = new Map<string, Selections>()

  constructor(context: Context) {
    this.#context = context
    this.#groups = new ServedGroups(context.client, context.clock)
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const { informers, settings } = this.#context
    const autoscaler = informers.full(horizontalPodAutoscalers).getByKey(key)
    if (autoscaler === undefined) {
      this.#forget(key)
      return done
    }
    await this.#sync(key, withDefaults(autoscaler), signal)
    return { requeueAfterMs: settings.autoscaler.syncMs }
  }

  #forget(key: string): void {
    const { namespace, name } = splitKey(key)
    this.#memories.delete(key)
    const selections = this.#selections.get(namespace)
    selections?.delete(name)
    if (selections?.size === 0) this.#selections.delete(namespace)
  }

  async #sync(key: string, autoscaler: HorizontalPodAutoscaler, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#context
    const { namespace = '' } = autoscaler.metadata
    let target: Target
    try {
      target = await readTarget(client, this.#groups, namespace, autoscaler.spec.scaleTargetRef, signal)
    } catch (err) {
      signal.throwIfAborted()
      const message = messageOf(err)
      this.#record(autoscaler, { type: 'Warning', reason: 'FailedGetScale', message })
      const why = `the HPA controller was unable to get the target's current scale: ${message}`
      await this.#conclude(autoscaler, { conditions: ableToScale('False', 'FailedGetScale', why), now: clock.now() }, signal)
      return
    }
    const plan = await this.#plan(key, autoscaler, target, signal)
    this.#memories.set(key, plan.memory)
    for (const event of plan.events) this.#record(autoscaler, event)
    await this.#carryOut(key, autoscaler, target, plan, signal)
  }

  async #plan(key: string, autoscaler: HorizontalPodAutoscaler, { scale }: Target, signal: AbortSignal): Promise<Plan> {
    const { client, clock, informers, settings } = this.#context
    const { spec } = autoscaler
    const { name = '', namespace = '' } = autoscaler.metadata
    const current = scale.spec.replicas ?? 0
    const memory = this.#memories.get(key) ?? firstMemory(current, clock.now())
    const aim = aimOf(spec, current)
    if (aim.by !== 'metrics') return planWithoutMetrics(aim, memory)
    const selections = this.#selections.get(namespace) ?? new Map()
    this.#selections.set(namespace, selections)
    const found = targetPods(name, namespace, scale.status?.selector ?? '', informers.full(pods).list(namespace), selections)
    if (!found.usable) return planForSelector(found.verdict, found.event, memory)
    const source = { client, groups: this.#groups, namespace, selector: formatLabelSelector(found.selection) }
    const readings = await Promise.all((spec.metrics ?? []).map(metric => readMetric(source, metric, signal)))
    const { tolerance, downscaleStabilizationMs, cpuInitializationMs, initialReadinessDelayMs } = settings.autoscaler
    const timing = { now: clock.now(), cpuInitializationMs, initialReadinessDelayMs }
    return planByMetrics(spec, { scale, pods: found.pods, readings }, memory, { tolerance, downscaleStabilizationMs, timing })
  }

  async #carryOut(key: string, autoscaler: HorizontalPodAutoscaler, target: Target, plan: Plan, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#context
    const current = target.scale.spec.replicas ?? 0
    const { replicas, reason, metrics } = plan
    const got = ableToScale('True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale")
    const conditions = new Map([...got, ...plan.conditions])
    const outcome = { conditions, current, metrics }
    if (replicas === undefined || replicas === current) {
      const desired = replicas === undefined ? {} : { desired: current }
      await this.#conclude(autoscaler, { ...outcome, ...desired, now: clock.now() }, signal)
      return
    }
    try {
      await scaleTarget(client, target, replicas, signal)
    } catch (err) {
      signal.throwIfAborted()
      const message = `New size: ${replicas}; reason: ${reason}; error: ${messageOf(err)}`
      this.#record(autoscaler, { type: 'Warning', reason: 'FailedRescale', message })
      const why = `the HPA controller was unable to update the target scale: ${messageOf(err)}`
      const failed = new Map([...conditions, ...ableToScale('False', 'FailedUpdateScale', why)])
      await this.#conclude(autoscaler, { ...outcome, conditions: failed, now: clock.now() }, signal)
      return
    }
    const now = clock.now()
    this.#record(autoscaler, { type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${replicas}; reason: ${reason}` })
    this.#memories.set(key, rememberRescale(autoscaler.spec.behavior, plan.memory, current, replicas, now))
    const why = `the HPA controller was able to update the target scale to ${replicas}`
    const rescaled = new Map([...conditions, ...ableToScale('True', 'SucceededRescale', why)])
    await this.#conclude(autoscaler, { ...outcome, conditions: rescaled, desired: replicas, rescaled: true, now }, signal)
  }

  /** Writes the status if it changed; a failed write is logged and retried with the next sync. */
  async #conclude(autoscaler: HorizontalPodAutoscaler, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { log } = this.#context
    try {
      await this.#writeStatus(autoscaler, outcome, signal)
    } catch (err) {
      signal.throwIfAborted()
      if (isReason(err, 'NotFound')) return
      this.#record(autoscaler, { type: 'Warning', reason: 'FailedUpdateStatus', message: messageOf(err) })
      log.info('status of autoscaler not written', { horizontalpodautoscaler: keyOf(autoscaler), err })
    }
  }

  async #writeStatus(autoscaler: HorizontalPodAutoscaler, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { client } = this.#context
    const { namespace = '', name = '', uid } = autoscaler.metadata
    const status = statusAfter(autoscaler, outcome)
    let latest = autoscaler
    for (let attempt = 1; !sameValue(status, latest.status); attempt++) {
      try {
        await client.updateStatus(horizontalPodAutoscalers, { ...latest, status }, signal)
        return
      } catch (err) {
        if (!isReason(err, 'Conflict') || attempt === maxAttempts) throw err
        latest = await client.get(horizontalPodAutoscalers, namespace, name, signal)
        // A new object of the same name has its own sync.
        if (latest.metadata.uid !== uid) return
      }
    }
  }

  #record(autoscaler: HorizontalPodAutoscaler, { type, reason, message }: AutoscalerEvent): void {
    this.#context.events.record(referenceTo(autoscaler, 'autoscaling/v2', 'HorizontalPodAutoscaler'), type, reason, message)
  }
}

const ableToScale = (status: Verdict['status'], reason: string, message: string): ReadonlyMap<'AbleToScale', Verdict> =>
  new Map([['AbleToScale', { status, reason, message }]])

/** Sets defaults that an object stored long ago may lack. */
function withDefaults(autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const whole = copyJson(autoscaler)
  setAutoscalerDefaults(whole)
  return whole
}
