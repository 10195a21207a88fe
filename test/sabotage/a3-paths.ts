// Sabotage of the paths that need no credentials.
import type { Sabotage } from './sabotage.ts'

export const a3: readonly Sabotage[] = [
  {
    name: 'what begins like a health check needs no credentials',
    file: 'src/server/api-server.ts',
    from: 'path === allowed || path.startsWith(`${allowed}/`)',
    to: 'path.startsWith(allowed)',
    proof: 'A3',
  },
]
