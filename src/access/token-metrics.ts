// Metrics of bearer tokens of other issuers, under upstream's names: issuers of an AuthenticationConfiguration, and the token cache.
import { createHash } from 'node:crypto'
import { Buckets, bucketSamples } from '../base/metrics/buckets.ts'
import { Counter, Gauge, Histogram, type Registry, SampledHistogram } from '../base/metrics/metrics.ts'

/** The caches of tokens: those of issuers, and answers of the token webhook. */
export interface TokenCacheMetrics {
  /** A cached token was found, after this many seconds. */
  hit(seconds: number): void
  /** A request waits for a token that was not cached; call the result with the time that it took. */
  missed(): (seconds: number) => void
  /** The token is being verified; call the result with whether it was valid. */
  fetching(): (ok: boolean) => void
}

export interface IssuerMetrics {
  /** A token of the issuer at this URL was verified, in this many seconds. */
  verified(url: string, ok: boolean, seconds: number): void
  /** The current issuers: others have no samples. */
  serve(urls: readonly string[]): void
}

const cachePrefix = 'authentication_token_cache_'
/** The defaults of Prometheus, as upstream. */
const usualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function tokenCacheMetrics(registry: Registry): TokenCacheMetrics {
  const registers = [registry]
  const took = { hit: new Buckets(usualBounds), miss: new Buckets(usualBounds) }
  const statuses = ['hit', 'miss'] as const
  const durations = `${cachePrefix}request_duration_seconds`
  new SampledHistogram(registry, durations, 'Time until a token was authenticated', function* () {
    for (const status of statuses) yield* bucketSamples(durations, took[status], { status })
  })
  new Counter({
    name: `${cachePrefix}request_total`,
    help: 'Tokens that were known, and that were not',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset()
      for (const status of statuses) if (took[status].count > 0) this.inc({ status }, took[status].count)
    },
  })
  const fetched = new Counter({ name: `${cachePrefix}fetch_total`, help: 'Tokens that were verified', labelNames: ['status'], registers })
  const active = new Gauge({
    name: `${cachePrefix}active_fetch_count`,
    help: 'Tokens that are being verified, and requests that wait for it',
    labelNames: ['status'],
    registers,
  })
  return {
    hit: seconds => took.hit.observe(seconds),
    missed() {
      active.inc({ status: 'blocked' })
      return seconds => {
        active.dec({ status: 'blocked' })
        took.miss.observe(seconds)
      }
    },
    fetching() {
      active.inc({ status: 'in_flight' })
      return ok => {
        active.dec({ status: 'in_flight' })
        fetched.inc({ status: ok ? 'ok' : 'error' })
      }
    },
  }
}

export function issuerMetrics(registry: Registry): IssuerMetrics {
  const latency = new Histogram({
    name: 'apiserver_authentication_jwt_authenticator_latency_seconds',
    help: "Time for verifying issuers' tokens that were not cached",
    labelNames: ['result', 'jwt_issuer_hash'],
    buckets: [0.001, ...usualBounds],
    registers: [registry],
  })
  let hashes: ReadonlyMap<string, string> = new Map()
  return {
    verified(url, ok, seconds) {
      const hash = hashes.get(url)
      if (hash !== undefined) latency.observe({ result: ok ? 'success' : 'failure', jwt_issuer_hash: hash }, seconds)
    },
    serve(urls) {
      for (const [url, hash] of hashes) {
        if (urls.includes(url)) continue
        for (const result of ['success', 'failure']) latency.remove({ result, jwt_issuer_hash: hash })
      }
      hashes = new Map(urls.map(url => [url, `sha256:${createHash('sha256').update(url).digest('hex')}`]))
    },
  }
}
