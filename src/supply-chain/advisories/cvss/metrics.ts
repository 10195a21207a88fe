// Reads a CVSS vector string into its metrics.

/** Characters; the longest vector with all optional metrics has fewer. */
export const maxVectorLength = 300

/**
 * `AV:N/AC:L/…` as metrics. undefined if the text is too long, or has a metric twice or one without a value: the specifications forbid both.
 */
export function parseMetrics(text: string): ReadonlyMap<string, string> | undefined {
  if (text.length > maxVectorLength) return undefined
  const metrics = new Map<string, string>()
  for (const part of text.split('/')) {
    const [name = '', value = '', ...rest] = part.split(':')
    if (name === '' || value === '' || rest.length > 0 || metrics.has(name)) return undefined
    metrics.set(name, value)
  }
  return metrics
}

/** The number that stands for the value of a metric in a table; undefined if the metric is missing or has no such value. */
export function weightOf(
  metrics: ReadonlyMap<string, string>,
  name: string,
  weights: Readonly<Record<string, number>>,
): number | undefined {
  const value = metrics.get(name)
  return value !== undefined && Object.hasOwn(weights, value) ? weights[value] : undefined
}
