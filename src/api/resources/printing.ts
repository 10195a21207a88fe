// Shared cells of printed columns: ages, selectors, labels and container lists, as upstream's printers write them.

/** The fields of containers for the name and image cells. */
export interface PrintedContainer {
  readonly name: string
  readonly image?: string
}

/** The fields of a label selector for the Selector cells. */
export interface PrintedSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[]
}

/**
 * A span of milliseconds in kubectl's form: `45s`, `3m20s`, `5h12m`, `3d4h`, `2y35d`. Up to two seconds of clock difference print as `0s`;
 * longer negative spans as `<invalid>`.
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return twoUnits(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return twoUnits(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return twoUnits(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.floor(days / 365)
  if (hours < 24 * 365 * 8) return twoUnits(years, 'y', days % 365, 'd')
  return `${years}y`
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}

/** The age of an RFC 3339 time; `<unknown>` if there is none. `now` in milliseconds since the epoch. */
export function translateTimestampSince(timestamp: string | null | undefined, now: number): string {
  if (timestamp === null || timestamp === undefined || timestamp === '') return '<unknown>'
  return humanDuration(now - Date.parse(timestamp))
}

/** The Age cell of any object. */
export function ageCell(object: { readonly metadata: { readonly creationTimestamp?: string | null } }, now: number): string {
  return translateTimestampSince(object.metadata.creationTimestamp, now)
}

/** `a=b,c=d`, sorted as whole texts: `app.kubernetes.io/name=x` precedes `app=x`. `<none>` without labels. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort(compare)
    .join(',')
  return text === '' ? '<none>' : text
}

/** A label selector in the form of `-l`; `<none>` if it selects everything or is missing. */
export function labelSelectorCell(selector: PrintedSelector | undefined): string {
  const rows: { key: string; text: string }[] = []
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) rows.push({ key, text: `${key}=${value}` })
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const list = `(${[...values].sort(compare).join(',')})`
    if (operator === 'In') rows.push({ key, text: `${key} in ${list}` })
    else if (operator === 'NotIn') rows.push({ key, text: `${key} notin ${list}` })
    else if (operator === 'Exists') rows.push({ key, text: key })
    else if (operator === 'DoesNotExist') rows.push({ key, text: `!${key}` })
    else return '<error>'
  }
  if (rows.length === 0) return '<none>'
  return rows
    .sort((a, b) => compare(a.key, b.key))
    .map(row => row.text)
    .join(',')
}

/** The `String()` of Go's protobuf type, which cells of parameter references show. */
export function labelSelectorString({ matchLabels = {}, matchExpressions = [] }: PrintedSelector): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map(key => `${key}: ${matchLabels[key]},`)
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  const [map, list] = [labels.join(''), requirements.join('')]
  return `&LabelSelector{MatchLabels:map[string]string{${map}},MatchExpressions:[]LabelSelectorRequirement{${list}},}`
}

/** The Containers cell: names joined by commas. */
export function containerNames(containers: readonly PrintedContainer[] | undefined): string {
  return (containers ?? []).map(container => container.name).join(',')
}

/** The Images cell: images joined by commas. */
export function containerImages(containers: readonly PrintedContainer[] | undefined): string {
  return (containers ?? []).map(container => container.image ?? '').join(',')
}

/** Byte order of ASCII strings, as Go sorts; `localeCompare` has another order and is slow. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
