// The software of images and its known vulnerabilities, in this thread: packages in memory, documents and times on disk.

import { createHash } from 'node:crypto'
import type { ImageHit, PackageAnswer } from '../../api/package-search.ts'
import { turn } from '../../base/async/turns.ts'
import type { Clock } from '../../base/clock.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { type AdvisoryDatabase, openAdvisoryDatabase, readSources } from '../../supply-chain/advisories/database/open-database.ts'
import type { SourceState } from '../../supply-chain/advisories/database/source-file.ts'
import { advisoryNames, ecosystemOf } from '../../supply-chain/advisories/ecosystems.ts'
import { matchNames } from '../../supply-chain/advisories/match-packages.ts'
import { type KnownPackage, PackageTable } from '../../supply-chain/advisories/package-table.ts'
import { notAffectedBy } from '../../supply-chain/advisories/vex/apply-vex.ts'
import type { Digest } from '../../supply-chain/oci/digest.ts'
import { isDigest } from '../../supply-chain/oci/digest.ts'
import { writeCycloneDx } from '../../supply-chain/packages/formats/cyclonedx.ts'
import { readSbom } from '../../supply-chain/packages/formats/read-sbom.ts'
import { parsePackageQuery } from '../../supply-chain/packages/package-index.ts'
import type { Software } from '../../supply-chain/packages/software.ts'
import { AttestedStatements } from './attested-statements.ts'
import type { Findings, Rematch, SourceRule } from './findings.ts'
import type { FindingsFiles } from './findings-files.ts'
import type { FindingsAnswer, ImageReport, KnownFinding, SbomSummary } from './image-report.ts'
import { KnownSince } from './known-since.ts'
import { mergeSummaries, type PackageSummary, summarizeFindings, summarizePackage } from './summarize-findings.ts'

export interface LocalFindingsParts {
  readonly files: FindingsFiles
  /** Folders of imported advisories. Of two sources of one name, the newer content counts. */
  readonly advisories: readonly string[]
  /** Reads the packages of an image in an OCI layout, without rights. Rejects with a UserError. */
  catalogue(folder: string, signal: AbortSignal): Promise<Software>
  readonly clock: Clock
  /** For the documents that are kept. */
  readonly version: string
}

/** Others are answered after so many milliseconds of work. */
const turnMs = 10
/** Packages are matched by name, so few advisories serve again. */
const cachedAdvisories = 4000
/** Of a statement of VEX; formats allow sentences. */
const maxJustification = 500
/** Packages of a hit that are named. */
const maxNamed = 3
/** An answer fits into a frame of the part's socket. */
const maxHits = 2000

type ReportContent = Omit<ImageReport, 'revision'>

export class LocalFindings implements Findings {
  readonly #parts: LocalFindingsParts
  readonly #table = new PackageTable()
  readonly #sboms = new Map<Digest, SbomSummary>()
  readonly #since: KnownSince
  /** Of packages that have findings. */
  readonly #found = new Map<number, readonly KnownFinding[]>()
  readonly #statements = new AttestedStatements()
  #database: AdvisoryDatabase | undefined
  #used: ReadonlySet<Digest> = new Set()
  /** Digests of what was last reported of each image. */
  readonly #reported = new Map<Digest, string>()
  #revision = 0

  constructor(parts: LocalFindingsParts) {
    this.#parts = parts
    this.#since = new KnownSince(parts.files)
  }

  async load(signal: AbortSignal): Promise<readonly ImageReport[]> {
    const { files } = this.#parts
    for (const { image, ...sbom } of files.images()) {
      signal.throwIfAborted()
      const document = files.document(image)
      if (document === undefined) files.remove(image)
      else {
        this.#table.set(image, readSbom(document, `The bill of materials of ${image}`).packages)
        this.#sboms.set(image, sbom)
      }
      await turn()
    }
    return [...this.#sboms.keys()].flatMap(image => this.#content(image) ?? []).map(content => this.#revised(content))
  }

  async scan(image: Digest, folder: string, signal: AbortSignal): Promise<ImageReport> {
    return this.#keep(image, await this.#parts.catalogue(folder, signal), 'Image')
  }

  async attest(image: Digest, document: string): Promise<ImageReport> {
    const software = readSbom(Buffer.from(document), `The attested bill of materials of ${image}`)
    if (software.packages.length === 0) throw new UserError(`The attested bill of materials of ${image} names no package`)
    return this.#keep(image, software, 'Attestation')
  }

  async explain(image: Digest, documents: readonly string[]): Promise<ImageReport | undefined> {
    this.#statements.set(image, documents)
    return this.#changedReport(image)
  }

  async rematch(rules: readonly SourceRule[], signal: AbortSignal): Promise<Rematch> {
    const { advisories, files } = this.#parts
    const sources = newest(readSources(advisories))
    const used = sources.filter(state => isUsed(state, rules))
    const database =
      used.length === 0
        ? undefined
        : openAdvisoryDatabase(advisories, {
            accepts: state => used.some(({ name, digest }) => name === state.name && digest === state.digest),
            cached: cachedAdvisories,
            withoutSummaries: true,
          })
    this.#database?.[Symbol.dispose]()
    this.#database = database
    if (database === undefined) this.#found.clear()
    else await this.#match(database, signal)
    files.forgetOldest()
    const summaries = new Map<number, PackageSummary>()
    const changed: ImageReport[] = []
    let until = performance.now() + turnMs
    for (const image of [...this.#sboms.keys()]) {
      const report = this.#changedReport(image, summaries)
      if (report !== undefined) changed.push(report)
      if (performance.now() < until) continue
      await turn()
      signal.throwIfAborted()
      until = performance.now() + turnMs
    }
    return { changed, sources }
  }

  async used(images: readonly Digest[]): Promise<void> {
    this.#used = new Set(images)
    this.#parts.files.touch(images, this.#parts.clock.now())
  }

  async findingsOf(image: Digest): Promise<FindingsAnswer> {
    if (!this.#sboms.has(image)) return { known: false, reason: 'it has not been scanned yet' }
    if (this.#database === undefined)
      return { known: false, reason: 'the cluster has no advisories: "bulkhead advisories import" brings some' }
    return { known: true, findings: this.#findings(image) }
  }

  async where(text: string): Promise<PackageAnswer> {
    const byPackage = this.#table.find(parsePackageQuery(text))
    const images = byPackage.size > 0 ? byPackage : this.#table.imagesWith(this.#packagesUnder(text))
    const hits = hitsOf(images)
    return { hits: hits.slice(0, maxHits), more: Math.max(0, hits.length - maxHits) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database?.[Symbol.dispose]()
    this.#parts.files[Symbol.dispose]()
  }

  /** One package after the other, so that each advisory is read once; other calls are answered in between, by what is known then. */
  async #match(database: AdvisoryDatabase, signal: AbortSignal): Promise<void> {
    const packages = this.#table.matchable()[Symbol.iterator]()
    for (let next = packages.next(); next.done !== true; await turn()) {
      signal.throwIfAborted()
      const until = performance.now() + turnMs
      this.#parts.files.inTransaction(() => {
        for (; next.done !== true && performance.now() < until; next = packages.next()) this.#matchOne(next.value, database)
      })
    }
  }

  #matchOne(one: KnownPackage | undefined, database: AdvisoryDatabase): void {
    const ecosystem = one === undefined ? undefined : ecosystemOf(one.package)
    if (one === undefined || ecosystem === undefined || one.uses === 0) return
    const { findings } = matchNames(ecosystem, advisoryNames(one.package), database)
    if (findings.length === 0) this.#found.delete(one.id)
    else this.#found.set(one.id, this.#since.date(one.package, findings, this.#parts.clock.now()))
  }

  async #keep(image: Digest, software: Software, source: SbomSummary['source']): Promise<ImageReport> {
    const { files, clock, version } = this.#parts
    const now = clock.now()
    const { packages, skipped } = software
    const createdAt = `${new Date(now).toISOString().slice(0, 19)}Z`
    const document = Buffer.from(
      writeCycloneDx({ ...software, subject: { kind: 'image', name: image, digest: image } }, { tool: 'bulkhead', version, createdAt }),
    )
    const facts = { source, packages: packages.length, skipped: skipped.length, time: now }
    const { sbom, removed } = await files.write(image, document, facts, each => this.#used.has(each))
    for (const each of removed) this.#forget(each)
    const fresh = this.#table.set(image, packages)
    this.#sboms.set(image, sbom)
    const database = this.#database
    if (database !== undefined)
      files.inTransaction(() => {
        for (const id of fresh) this.#matchOne(this.#table.package(id), database)
      })
    const content = this.#content(image)
    if (content === undefined) throw new Error('The image was removed while it was read')
    this.#reported.set(image, textDigest(writeJson(content)))
    return this.#revised(content)
  }

  #forget(image: Digest): void {
    for (const id of this.#table.delete(image)) this.#found.delete(id)
    this.#sboms.delete(image)
    this.#reported.delete(image)
  }

  #findings(image: Digest): KnownFinding[] {
    const all: KnownFinding[] = []
    for (const id of this.#table.packagesOf(image))
      for (const finding of this.#found.get(id) ?? []) all.push(this.#explained(finding, id, image))
    return all
  }

  /** Images are named by their digests: what people call them, tenants decide. */
  #explained(finding: KnownFinding, id: number, image: Digest): KnownFinding {
    const [database, known] = [this.#database, this.#table.package(id)]
    if (database === undefined || known === undefined || !this.#hasStatements(image)) return finding
    const named = { digests: [image], repositories: [] }
    const notAffected = notAffectedBy(finding, known.package, named, each => [
      ...database.statementsOf(each),
      ...this.#statements.of(image, each),
    ])
    return notAffected === undefined ? finding : { ...finding, notAffected: notAffected.slice(0, maxJustification) }
  }

  #hasStatements(image: Digest): boolean {
    return this.#database?.hasStatements === true || this.#statements.has(image)
  }

  /** `summaries`: what is known of packages in this round, as images share them. */
  #content(image: Digest, summaries?: Map<number, PackageSummary>): ReportContent | undefined {
    const sbom = this.#sboms.get(image)
    if (sbom === undefined) return undefined
    if (this.#database === undefined) return { digest: image, sbom }
    let unmatched = 0
    for (const id of this.#table.packagesOf(image)) if (this.#isUnmatched(id)) unmatched++
    if (this.#hasStatements(image)) return { digest: image, sbom, findings: summarizeFindings(this.#findings(image), unmatched) }
    const parts: PackageSummary[] = []
    for (const id of this.#table.packagesOf(image)) {
      const findings = this.#found.get(id)
      if (findings === undefined) continue
      const part = summaries?.get(id) ?? summarizePackage(findings)
      summaries?.set(id, part)
      parts.push(part)
    }
    return { digest: image, sbom, findings: mergeSummaries(parts, unmatched) }
  }

  #isUnmatched(id: number): boolean {
    const known = this.#table.package(id)
    return known !== undefined && ecosystemOf(known.package) === undefined
  }

  #changedReport(image: Digest, summaries?: Map<number, PackageSummary>): ImageReport | undefined {
    const content = this.#content(image, summaries)
    if (content === undefined) return undefined
    const text = textDigest(writeJson(content))
    if (this.#reported.get(image) === text) return undefined
    this.#reported.set(image, text)
    return this.#revised(content)
  }

  #revised(content: ReportContent): ImageReport {
    return { ...content, revision: ++this.#revision }
  }

  /** Packages that an advisory, by its id or CVE, is about. */
  #packagesUnder(text: string): ReadonlySet<number> {
    const wanted = text.toUpperCase()
    const packages = new Set<number>()
    for (const [id, findings] of this.#found)
      if (findings.some(({ advisory, cves }) => advisory.toUpperCase() === wanted || cves.includes(wanted))) packages.add(id)
    return packages
  }
}

const textDigest = (text: string): string => createHash('sha256').update(text).digest('base64')

function newest(all: readonly SourceState[]): readonly SourceState[] {
  const byName = new Map<string, SourceState>()
  for (const state of all) if (state.time >= (byName.get(state.name)?.time ?? 0)) byName.set(state.name, state)
  return [...byName.values()]
}

/** A source of whose name there is no rule is used: who may write into its folder may trust it. */
const isUsed = ({ name, format, key }: SourceState, rules: readonly SourceRule[]): boolean =>
  rules.every(rule => rule.name !== name || (rule.format === format && (rule.key === undefined || rule.key === key)))

const hitsOf = (images: ReadonlyMap<string, readonly KnownPackage[]>): ImageHit[] =>
  [...images].flatMap(([image, packages]) => (isDigest(image) ? [{ image, packages: packages.slice(0, maxNamed).map(titleOf) }] : []))

const titleOf = ({ package: { type, namespace, name, version } }: KnownPackage): string =>
  `${namespace === undefined ? '' : type === 'maven' ? `${namespace}:` : `${type === 'npm' ? '@' : ''}${namespace}/`}${name} ${version}`
