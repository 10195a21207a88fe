// Advice for refusals whose message only states the problem.
import type { AuditEvent } from '../../../access/audit/audit-event.ts'
import type { Step } from './explanation.ts'

interface Refusal {
  readonly step: Step | undefined
  readonly plugin: string | undefined
  /** Message of the response; '' if the reader may not see it. */
  readonly message: string
}

/** One sentence, or undefined if the explanation has a patch, a rule, or already says it. */
export function adviceFor({ responseStatus, objectRef }: AuditEvent, { step, plugin, message }: Refusal): string | undefined {
  const namespace = objectRef?.namespace ?? ''
  if (step === 'conflict') return conflictAdvice(responseStatus?.reason, message)
  if (step === 'flow-control') return 'send fewer requests at once, and wait as long as the header Retry-After says'
  if (step === 'request' && responseStatus?.code === 429)
    return 'the disruption budget admits no eviction now: try again when more of its pods are ready'
  if (plugin === 'ResourceQuota') return quotaAdvice(message, namespace)
  if (plugin === 'LimitRanger') return `ask for what the limits of the namespace admit: kubectl describe limitrange -n ${namespace}`
  if (plugin === 'ValidatingAdmissionWebhook' || plugin === 'MutatingAdmissionWebhook') return webhookAdvice(plugin, message)
  if (plugin === 'ValidatingAdmissionPolicy')
    return 'the policy that the answer names has the rule: kubectl get validatingadmissionpolicies -o yaml'
  return undefined
}

function conflictAdvice(reason: string | undefined, message: string): string {
  if (reason === 'AlreadyExists')
    return 'change the object that is there (kubectl apply, patch or replace), or give the new one another name'
  if (message.startsWith('Apply failed')) return 'leave out the fields that others manage, or take them over with --force-conflicts'
  return 'read the object again, make the change on what is there now, and send that; a patch without metadata.resourceVersion needs no version'
}

function quotaAdvice(message: string, namespace: string): string {
  const [, quota] = /exceeded quota: ([^,\s]+),/.exec(message) ?? []
  const look = `kubectl describe quota${quota === undefined ? '' : ` ${quota}`} -n ${namespace}`
  return `ask for less, delete what is not needed any more, or have the quota raised: ${look}`
}

function webhookAdvice(plugin: string, message: string): string {
  const kind = plugin === 'ValidatingAdmissionWebhook' ? 'validatingwebhookconfigurations' : 'mutatingwebhookconfigurations'
  if (message.includes('failed calling webhook'))
    return `the webhook did not answer, and its failurePolicy refuses then: start its server, or change its configuration: kubectl get ${kind}`
  return `the rule is the webhook's own, and its answer says what it wants: kubectl get ${kind} shows whose it is`
}
