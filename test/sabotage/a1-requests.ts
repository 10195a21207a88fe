// Sabotage of protection of the API: limits on requests, and seats.
import type { Sabotage } from './sabotage.ts'

export const a1: readonly Sabotage[] = [
  {
    name: 'paths have no limit',
    file: 'src/server/request/request-info.ts',
    from: 'const maxPathBytes = 8192',
    to: 'const maxPathBytes = 1 << 20',
    proof: 'A1',
  },
  {
    name: 'queries have no limit',
    file: 'src/server/request/query.ts',
    from: 'const maxParameters = 1000',
    to: 'const maxParameters = 100_000',
    proof: 'A1',
  },
  {
    name: 'Events of one source have no limit',
    file: 'src/admission/plugins/event-rate-limit.ts',
    from: `  { type: 'SourceAndObject', qps: 5, burst: 200 },
`,
    to: '',
    proof: 'A1',
  },
  {
    name: 'requests of ServiceAccounts take no seat',
    file: 'src/server/pipeline.ts',
    from: '|| isProxy(info)) return undefined',
    to: "|| isProxy(info) || user.name.startsWith('system:serviceaccount:')) return undefined",
    proof: 'A1',
  },
]
