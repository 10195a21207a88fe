import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseScoreV2 } from './base-score-v2.ts'
import { baseScoreV3 } from './base-score-v3.ts'
import { baseScoreV4 } from './base-score-v4.ts'
import { maxVectorLength } from './metrics.ts'
import { severityOfScore, severityOfWord } from './severity-of-score.ts'

test('baseScoreV3() gives the scores of the examples in the CVSS 3.1 guide and of known CVEs', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', 6.4], // CVE-2013-0375
    ['CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N', 3.1], // CVE-2014-3566
    ['CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H', 9.9], // CVE-2012-1516
    ['CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L', 4.2], // CVE-2009-0783
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', 7.5], // CVE-2014-0160
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 9.8], // CVE-2014-6271
    ['CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N', 6.8], // CVE-2008-1447
    ['CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', 6.8], // CVE-2014-2005
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', 10], // CVE-2021-44228
    ['CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H', 9.3], // CVE-2013-6014
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', 6.1],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N', 0],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O', 9.8],
    // The one difference of 3.1: its rounding.
    ['CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H', 8.8],
  ]
  for (const [vector, score] of rows) assert.equal(baseScoreV3(vector), score, vector)
})

test('baseScoreV4() gives the scores of the calculator of FIRST', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', 10],
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 9.3],
    ['AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7.3],
    ['AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N', 5.1],
    ['AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', 7],
    ['AV:N/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N', 1.8],
    ['AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', 9],
    ['AV:A/AC:H/AT:N/PR:L/UI:N/VC:N/VI:L/VA:H/SC:N/SI:L/SA:H', 7],
    ['AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N', 0],
  ]
  for (const [vector, score] of rows) assert.equal(baseScoreV4(`CVSS:4.0/${vector}`), score, vector)
  assert.equal(baseScoreV4('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U'), 9.3)
})

test('baseScoreV4() refuses what is no vector of its version with all base metrics', () => {
  const whole = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N'
  for (const text of [
    '',
    whole.replace('4.0', '3.1'),
    whole.replace('/SA:N', ''),
    whole.replace('AV:N', 'AV:X'),
    `${whole}/AV:N`,
    `${whole}/${'X:1/'.repeat(maxVectorLength)}`,
  ])
    assert.equal(baseScoreV4(text), undefined, text)
})

test('baseScoreV2() gives the scores of the examples in the CVSS 2.0 guide', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['AV:N/AC:L/Au:N/C:N/I:N/A:C', 7.8], // CVE-2002-0392
    ['AV:N/AC:L/Au:N/C:C/I:C/A:C', 10], // CVE-2003-0818
    ['AV:L/AC:H/Au:N/C:C/I:C/A:C', 6.2], // CVE-2003-0062
    ['CVSS:2.0/AV:N/AC:M/Au:N/C:P/I:P/A:P', 6.8],
    ['AV:N/AC:L/Au:N/C:N/I:N/A:N', 0],
  ]
  for (const [vector, score] of rows) assert.equal(baseScoreV2(vector), score, vector)
})

test('base scores are undefined for what is no vector', () => {
  const base = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H'
  const wrong = [
    base,
    `${base}/A:X`,
    `${base}/A:H/A:H`,
    `${base}/A:H/`,
    `${base}/A:H/B`,
    `${base}/A:H:H`,
    base.slice(9),
    '',
    'CVSS:4.0/AV:N',
    `${base}/A:constructor`,
  ]
  for (const vector of [...wrong, `${base}/A:H/${'X'.repeat(maxVectorLength)}:1`]) {
    assert.equal(baseScoreV3(vector), undefined, vector)
    assert.equal(baseScoreV2(vector), undefined, vector)
  }
  assert.equal(baseScoreV3(`${base}/A:H`), 9.8)
})

test('severityOfScore() has the limits of CVSS 3.1, severityOfWord() the words of the sources', () => {
  assert.deepEqual([0, 0.1, 3.9, 4, 6.9, 7, 8.9, 9, 10].map(severityOfScore), [
    'unknown',
    'low',
    'low',
    'medium',
    'medium',
    'high',
    'high',
    'critical',
    'critical',
  ])
  const words = [
    'CRITICAL',
    'Important',
    'MODERATE',
    'medium**',
    'unimportant',
    'Negligible',
    'not yet assigned',
    '',
    undefined,
    'constructor',
  ]
  assert.deepEqual(words.map(severityOfWord), [
    'critical',
    'high',
    'medium',
    'medium',
    'low',
    'low',
    'unknown',
    'unknown',
    'unknown',
    'unknown',
  ])
})
