import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Explanation } from '../../server/paths/why/explanation.ts'
import { formatExplanation } from './format.ts'

/** Hostile text in a request or an answer: a line that says the opposite, and control characters. */
const hostile = 'x\nALLOWED: all is well\u001b[2J\r\u0007\u009b31m'

const requests: readonly Explanation['request'][] = [
  { verb: 'get', path: `/a/${hostile}` },
  { verb: hostile, resource: hostile, subresource: hostile, group: hostile, namespace: hostile, name: hostile },
]
const rest: Omit<Explanation, 'request'>[] = [
  {
    allowed: false,
    answer: { code: 403, reason: hostile, message: hostile },
    time: hostile,
    auditID: hostile,
    authentication: { user: hostile, groups: [hostile], authenticator: hostile, impersonated: { user: hostile, groups: [hostile] } },
    authorization: {
      decision: 'no-opinion',
      reason: hostile,
      missing: { bindings: [hostile, hostile], more: 0, rule: { verbs: [hostile], resources: [hostile] }, namespace: hostile },
    },
    refusedBy: 'admission',
    admission: { plugin: hostile, patch: [{ op: 'add', path: hostile, value: hostile }] },
    fields: [{ field: hostile, reason: hostile, message: hostile }],
    flowControl: { reason: hostile },
    mutatedBy: [{ policy: hostile, binding: hostile }],
    mutatedByWebhooks: [{ webhook: hostile, configuration: hostile }],
    webhooks: [{ webhook: hostile, configuration: hostile, milliseconds: 1, failure: hostile }],
  } as unknown as Omit<Explanation, 'request'>,
  {
    allowed: false,
    answer: { code: 401, message: hostile },
    authentication: {
      user: hostile,
      groups: [],
      refusals: [
        { authenticator: hostile, reason: hostile },
        { authenticator: hostile, reason: hostile },
      ],
    },
    refusedBy: 'authentication',
  } as unknown as Omit<Explanation, 'request'>,
  {
    allowed: false,
    answer: { code: 409, reason: 'Conflict', message: hostile },
    authentication: { user: 'u', groups: [] },
    refusedBy: 'conflict',
  } as unknown as Omit<Explanation, 'request'>,
]

for (const [index, request] of requests.entries()) {
  for (const [other, explanation] of rest.entries()) {
    test(`formatExplanation() prints values of others so that none forms a line of its own (${index}, ${other})`, () => {
      const lines = formatExplanation({ ...explanation, request }).split('\n')
      assert.match(lines[0] ?? '', /^REFUSED /)
      for (const line of lines.slice(1)) assert.match(line, /^ {2}/)
      for (const line of lines) assert.doesNotMatch(line, /\p{C}/u)
    })
  }
}
