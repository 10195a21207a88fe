import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrustRoot } from '../../api/types/supply-v1.ts'
import { staleTrustRoots } from './stale-trust-roots.ts'

const root = (name: string, type: string, status: 'True' | 'False', updated?: string): TrustRoot => ({
  metadata: { name },
  spec: {},
  status: {
    ...(updated === undefined ? {} : { updated }),
    conditions: [{ type, status, lastTransitionTime: null, reason: 'X', message: 'Cannot reach tuf.example.com' }],
  },
})

test('staleTrustRoots() lists trust roots that do not count, and repositories that fall behind', () => {
  assert.deepEqual(
    staleTrustRoots([
      { metadata: { name: 'fixed' }, spec: {} },
      root('current', 'Current', 'True'),
      root('behind', 'Current', 'False', '2026-01-01T00:00:00Z'),
      root('new', 'Current', 'False'),
      root('old', 'Accepted', 'False'),
    ]),
    [
      'TrustRoot "behind" does not follow its TUF repository, it was last read at 2026-01-01T00:00:00Z: Cannot reach tuf.example.com',
      'TrustRoot "new" does not follow its TUF repository, it was never read: Cannot reach tuf.example.com',
      'TrustRoot "old" is not used: Cannot reach tuf.example.com',
    ],
  )
})
