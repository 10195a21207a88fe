import { tryRedaction } from '../attacks/data-classes/try-redaction.ts'
import { outcomeOf, type Proof, skipped } from '../proof.ts'

export const dataClasses: Proof = {
  id: 'D3',
  title: 'data classes',
  why: 'What users entrust to an application leaves it by logs, events and records, which more people read and which are kept longer',
  attack:
    'In a scratch cluster that records every body and logs in detail, plant a canary of each class by every kind, verb and refusal that quotes it, by Events, policies and webhooks; guess values by the marks of Events, without a right to read them; lower classes as a tenant, as an administrator of the namespace, and by its label',
  expected:
    'No canary in any file, log, Event, answer of `bulkhead why` or backup; what has no class is recorded; only who may lowers a class',
  whenRed: 'Stop whoever reads the place that it names, remove what is there, and see which label or annotation the object has',
  long: true,
  async prove(context, signal) {
    const { clusters, attempts } = context
    if (clusters === undefined) return skipped('the command of this build cannot be started here')
    const canaries = await tryRedaction(context, clusters, signal)
    return outcomeOf([], `${attempts.all.length} attempts: none of ${canaries} canaries in logs, events, records or a backup`)
  },
}
