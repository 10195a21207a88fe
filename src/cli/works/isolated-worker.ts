// The process without rights, which `runIsolated()` starts.
import { serveWork } from '../isolated/serve-work.ts'
import { works } from './index.ts'

serveWork(works)
