// Sabotage of audit: who, what, before the answer, durable, in a chain with signatures.
import type { Sabotage } from './sabotage.ts'

export const o11: readonly Sabotage[] = [
  {
    name: 'writes do not wait for their record',
    file: 'src/server/request/request-audit.ts',
    from: `if (!isRead) await accepted
`,
    to: `if (!isRead && accepted === undefined) await accepted
`,
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'a write is answered before its batch is written',
    file: 'src/access/audit/audit-log.ts',
    from: `      this.#waiting.push({ resolve, reject })
`,
    to: `      this.#waiting.push({ resolve: () => undefined, reject })
      resolve()
`,
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'records are not synced to the disk',
    file: 'src/access/audit/log-files.ts',
    from: 'constants.O_NOFOLLOW | constants.O_DSYNC',
    to: 'constants.O_NOFOLLOW',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'impersonation is not recorded',
    file: 'src/server/identify.ts',
    from: `  audit.impersonated = user
`,
    to: '',
    proof: 'O11',
  },
  {
    name: 'the impersonated user is recorded as the user',
    file: 'src/server/request/audit-event.ts',
    from: `user: auditUser(facts.user),
    sourceIPs`,
    to: `user: auditUser(facts.impersonated ?? facts.user),
    sourceIPs`,
    proof: 'O11',
  },
  {
    name: 'extra fields of users are not recorded',
    file: 'src/server/request/audit-event.ts',
    from: `  if (extra) user.extra = extra
`,
    to: '',
    proof: 'O11',
  },
  {
    name: 'subresources are not recorded',
    file: 'src/server/request/audit-event.ts',
    from: `  if (info.subresource !== '') ref.subresource = info.subresource
`,
    to: '',
    proof: 'O11',
  },
  {
    name: 'API groups are not recorded',
    file: 'src/server/request/audit-event.ts',
    from: `  if (info.group !== '') ref.apiGroup = info.group
`,
    to: '',
    proof: 'O11',
  },
  {
    name: 'the query is not recorded',
    file: 'src/server/request/audit-event.ts',
    from: `requestURI: facts.url,
    verb: info?.verb`,
    to: `requestURI: facts.url.split('?')[0] ?? '',
    verb: info?.verb`,
    proof: 'O11',
  },
  {
    name: 'refused requests are not recorded',
    file: 'src/server/request/request-audit.ts',
    from: `      const event = this.#redact(this.#event(stage, answer, failure))
`,
    to: `      const event = this.#redact(this.#event(stage, answer, failure))
      if (failure?.code === 403) return undefined
`,
    proof: 'O11',
  },
  {
    name: 'failed writes are recorded as successful',
    file: 'src/server/request/audit-event.ts',
    from: '...failureFacts(withoutQuotes(failure, event.objectRef)), code }',
    to: '...failureFacts(withoutQuotes(failure, event.objectRef)), code: 200 }',
    proof: 'O11',
  },
  {
    name: 'collections that are deleted are recorded as a deletion',
    file: 'src/server/request/audit-event.ts',
    from: `verb: info?.verb ?? facts.method.toLowerCase(),
    user: auditUser`,
    to: `verb: facts.method === 'DELETE' ? 'delete' : (info?.verb ?? facts.method.toLowerCase()),
    user: auditUser`,
    proof: 'O11',
  },
  {
    name: 'reads are not recorded',
    file: 'src/access/audit/policy.ts',
    from: "{ level: 'Metadata' }],",
    to: "{ level: 'None', verbs: ['get', 'list', 'watch'] }, { level: 'Metadata' }],",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'health checks are recorded',
    file: 'src/access/audit/policy.ts',
    from: "nonResourceURLs: ['/livez*', '/readyz*', '/healthz*']",
    to: "nonResourceURLs: ['/healthz*']",
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'lines are not chained',
    file: 'src/base/tlog/hashes.ts',
    from: 'entry.copy(leafScratch, 1)',
    to: 'entry.copy(leafScratch, 1, 0, 0)',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'checkpoints are not signed',
    file: 'src/access/audit/checkpoints.ts',
    from: 'if (now.size <= this.#signed.size) return',
    to: 'if (now.size >= 0) return',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'a log that was cut is continued',
    file: 'src/access/audit/replay-log.ts',
    from: 'if (signed !== undefined && tree.size < signed.size)',
    to: 'if (signed !== undefined && tree.size < 0)',
    proof: 'O11',
    on: 'node',
  },
  {
    name: 'a log that is moved away is written on',
    file: 'src/access/audit/log-files.ts',
    from: `if (found?.ino !== ino || found.dev !== dev)
`,
    to: `if (found?.ino === 0)
`,
    proof: 'O11',
    on: 'node',
  },
]
