// MutatingAdmissionWebhook: calls webhooks that may change the object, one after the other.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import { writeJson } from '../../base/write-json.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { Meter } from '../policy/meter.ts'
import { Reinvokable } from '../reinvocation.ts'
import { applyHookPatch } from '../webhook/apply-patch.ts'
import type { ClientIdentities } from '../webhook/client-identity.ts'
import { type Hook, HookIndex } from '../webhook/hook.ts'
import { versionFor } from '../webhook/relevant-hook.ts'
import { reviewedRequest } from '../webhook/review.ts'
import { type HookWait, recordWaits, reviewByHook, type WebhookContext } from '../webhook/review-by-hook.ts'

const name = 'MutatingAdmissionWebhook'
/** Prefix of upstream's audit annotations `round_<round>_index_<place>`, each JSON of a `HookMutation`. */
export const hookMutationPrefix = 'mutation.webhook.admission.k8s.io/'

export interface HookMutation {
  readonly configuration: string
  readonly webhook: string
  /** Whether its answer changed the object. */
  readonly mutated: boolean
}

export interface MutatingAdmissionWebhookOptions {
  readonly webhooks: WebhookContext
  /** The identities for calls of webhooks; default: none. */
  readonly configuration?: { readonly mutatingIdentities?: ClientIdentities } | undefined
}

export const mutatingAdmissionWebhook: PluginDefinition<MutatingAdmissionWebhookOptions> = {
  name,
  does: 'Changes objects by webhooks, one after the other',
  on: 'always',
  guard: 'webhooks that change objects are not called',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], resources: ['*/*'] }],
  create,
}

function create({ webhooks, configuration: { mutatingIdentities: identities } = {} }: MutatingAdmissionWebhookOptions): PluginSteps {
  const context: WebhookContext = identities === undefined ? webhooks : { ...webhooks, identities }
  const index = new HookIndex('MutatingWebhookConfiguration', context)
  return {
    handles: request => index.candidates(request).length > 0,
    async mutate(request, signal) {
      const waits: HookWait[] = []
      try {
        await runHooks(index.candidates(request), request, waits, context, signal)
      } finally {
        recordWaits(waits, request)
      }
    },
  }
}

async function runHooks(
  hooks: readonly Hook[],
  request: AdmissionRequest,
  waits: HookWait[],
  context: WebhookContext,
  signal: AbortSignal,
): Promise<void> {
  const reinvokable = Reinvokable.of(request, name)
  reinvokable.begin(request)
  const meter = new Meter(signal)
  for (const hook of hooks) {
    const version = await versionFor(hook, request, context.decide, meter)
    if (version === undefined || !reinvokable.mayCall(hook.id)) continue
    const changed = await runHook(hook, version, reinvokable.round, request, waits, context, signal)
    reinvokable.asked(hook.id, { changed, ifNeeded: hook.webhook.reinvocationPolicy === 'IfNeeded' })
  }
  reinvokable.end(request)
}

/** Returns whether it changed the object. Throws the ApiError of a refusal. */
async function runHook(
  hook: Hook,
  version: ResourceDefinition,
  round: number,
  request: AdmissionRequest,
  waits: HookWait[],
  context: WebhookContext,
  signal: AbortSignal,
): Promise<boolean> {
  const place = `${hookMutationPrefix}round_${round}_index_${hook.place}`
  let mutated = false
  try {
    const reviewed = (): string => reviewedRequest(request, version)
    const outcome = await reviewByHook(
      { hook, version, mutating: true, reviewed, failedOpenKey: `failed-open.${place}` },
      request,
      waits,
      context,
      signal,
    )
    if (outcome.outcome === 'refused') throw outcome.error
    if (outcome.outcome === 'answered' && outcome.answer.patch !== undefined) {
      mutated = applyHookPatch(outcome.answer.patch, hook.webhook.name, request, version)
    }
    return mutated
  } finally {
    request.annotate(place, writeJson({ configuration: hook.configuration, webhook: hook.webhook.name, mutated } satisfies HookMutation))
  }
}
