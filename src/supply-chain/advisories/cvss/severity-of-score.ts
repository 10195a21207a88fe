// The qualitative severity of a CVSS base score (CVSS 3.1, section 5), and severities that sources write as words.
import type { Severity } from '../finding.ts'

export function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical'
  if (score >= 7) return 'high'
  if (score >= 4) return 'medium'
  return score > 0 ? 'low' : 'unknown'
}

const words: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'high',
  important: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  minor: 'low',
  negligible: 'low',
  unimportant: 'low',
}

/** Of GitHub, Red Hat, Debian, Ubuntu and others, in any case; `unknown` for other words. */
export function severityOfWord(word: string | undefined): Severity {
  // Debian marks what its team did not rate itself with asterisks.
  const plain = word?.toLowerCase().replace(/\*+$/, '') ?? ''
  return Object.hasOwn(words, plain) ? (words[plain] ?? 'unknown') : 'unknown'
}
