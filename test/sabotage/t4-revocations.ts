// Sabotage of denials after a restore: whether the cluster serves with an older store as if nobody had been denied since.
import type { Sabotage } from './sabotage.ts'

export const t4: readonly Sabotage[] = [
  {
    name: 'denials of the audit log are not stored again',
    file: 'src/cluster/access/reapply-revocations.ts',
    from: 'const data = { ...list?.data, ...lost,',
    to: 'const data = { ...list?.data,',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'entries that the restored list has otherwise stay as they are',
    file: 'src/cluster/access/reapply-revocations.ts',
    from: 'filter(([key, value]) => stored[key] !== value)',
    to: 'filter(([key]) => stored[key] === undefined)',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'DenyRules are not made again',
    file: 'src/cluster/access/reapply-revocations.ts',
    from: 'await server.ensureObjects([denyList, ...rules], true)',
    to: 'await server.ensureObjects([denyList, ...rules.slice(rules.length)], true)',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'older tokens stay valid',
    file: 'src/access/revocation.ts',
    from: 'issued !== undefined && issued <= tokensUntil',
    to: 'issued !== undefined && issued < 0 && issued <= tokensUntil',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a denial that was lifted comes back',
    file: 'src/access/audit/revocation-record.ts',
    from: 'else this.denials.delete(key)',
    to: "else if (key === '') this.denials.delete(key)",
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'changes of the deny list leave no record',
    file: 'src/cluster/access/access-admission.ts',
    from: 'if (change !== undefined) request.annotate(denialsAnnotation, change)',
    to: "if (change === '') request.annotate(denialsAnnotation, change)",
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a start with an older store is not marked',
    file: 'src/cli/parts/server.ts',
    from: 'if (settings.acceptRestoredStore) await markRestored(settings.directory)',
    to: 'if (settings.acceptRestoredStore && settings.port < 0) await markRestored(settings.directory)',
    proof: 'T4',
    on: 'node',
  },
]
