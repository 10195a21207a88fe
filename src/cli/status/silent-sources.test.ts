import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdvisorySource } from '../../api/types/supply-v1.ts'
import { silentSources } from './silent-sources.ts'

const source = (...states: (readonly [type: string, status: 'True' | 'False', message: string])[]): AdvisorySource => ({
  metadata: { name: 'osv' },
  spec: { format: 'osv' },
  status: { conditions: states.map(([type, status, message]) => ({ type, status, message, reason: 'R', lastTransitionTime: null })) },
})

test('silentSources() names sources that are silent or not used, and no others', () => {
  assert.deepEqual(silentSources([source(['Ready', 'True', ''], ['Silent', 'False', ''])]), [])
  assert.deepEqual(silentSources([source(['Ready', 'True', ''], ['Silent', 'True', 'nothing since May'])]), [
    'AdvisorySource "osv" is silent: nothing since May',
  ])
  assert.deepEqual(silentSources([source(['Ready', 'False', ''], ['Silent', 'True', 'x'])]), [
    'AdvisorySource "osv" is not used, so its vulnerabilities are not found: R',
  ])
})
