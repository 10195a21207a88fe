// MutatingAdmissionWebhook: webhooks that may change what is written, one after the other.
import type { ResourceDefinition } from '../../api/resource.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import { Meter } from '../policy/meter.ts'
import { reinvocationOf } from '../reinvocation.ts'
import { applyHookPatch } from '../webhook/apply-patch.ts'
import { askHook, type HookWait, tellWaits, type WebhookContext } from '../webhook/ask-hooks.ts'
import { type Hook, HookIndex } from '../webhook/hook.ts'
import { versionFor } from '../webhook/relevant-hook.ts'
import { reviewedRequest } from '../webhook/review.ts'

const name = 'MutatingAdmissionWebhook'
const annotationPrefix = 'mutation.webhook.admission.k8s.io/'

/** What the second round has to know of the first. */
interface FirstRound {
  /** Hooks that want to see the object again once somebody changed it after them. */
  readonly seen: Set<string>
  /** Those of them that are asked again. */
  readonly again: Set<string>
  /** The object as the hooks left it. */
  left: string
}

export function mutatingAdmissionWebhook(context: WebhookContext): AdmissionPlugin {
  const index = new HookIndex('MutatingWebhookConfiguration', context)
  return {
    name,
    handles: request => index.candidates(request).length > 0,
    async mutate(request, signal) {
      const waits: HookWait[] = []
      try {
        await runHooks(index.candidates(request), request, waits, context, signal)
      } finally {
        tellWaits(waits, request)
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
  const reinvocation = reinvocationOf(request)
  const first = noteOf(reinvocation.notes)
  if (reinvocation.second && first.left !== JSON.stringify(request.object)) askAgain(first)
  const meter = new Meter()
  for (const hook of hooks) {
    const version = await versionFor(hook, request, context.decide, meter, signal)
    if (version === undefined) continue
    // A hook that the first round did not ask is not asked in the second.
    if (reinvocation.second && !first.again.delete(hook.id)) continue
    const changed = await runHook(hook, version, reinvocation.second ? 1 : 0, request, waits, context, signal)
    if (changed) {
      askAgain(first)
      reinvocation.wanted = true
    }
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') first.seen.add(hook.id)
  }
  first.left = JSON.stringify(request.object)
}

function noteOf(notes: Map<string, unknown>): FirstRound {
  const made: FirstRound = { seen: new Set(), again: new Set(), left: '' }
  const found = (notes.get(name) as FirstRound | undefined) ?? made
  notes.set(name, found)
  return found
}

function askAgain({ seen, again }: FirstRound): void {
  for (const id of seen) again.add(id)
  seen.clear()
}

/** Whether it changed the object. Throws the ApiError of a refusal. */
async function runHook(
  hook: Hook,
  version: ResourceDefinition,
  round: number,
  request: AdmissionRequest,
  waits: HookWait[],
  context: WebhookContext,
  signal: AbortSignal,
): Promise<boolean> {
  const place = `${annotationPrefix}round_${round}_index_${hook.place}`
  let mutated = false
  try {
    const reviewed = (): string => reviewedRequest(request, version)
    const outcome = await askHook(
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
    request.annotate(place, JSON.stringify({ configuration: hook.configuration, webhook: hook.webhook.name, mutated }))
  }
}
