/** A real Kafka broker (KRaft) for tests: started, stopped, killed, paused and started again on the same folder. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'
import { kafkaClassPath, kafkaFiles } from './kafka-jars.ts'

/** Three seconds on an idle machine. */
const startTimeoutMs = 120_000
const java = [
  '-Xms64m',
  '-Xmx320m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${join(kafkaFiles, 'log4j2.xml')}`
]

export interface KafkaBrokerOptions {
  /** Lines of server.properties beside the ones that tests need. */
  readonly properties?: Readonly<Record<string, string | number>>
  /** Settings of a second listener with TLS and SASL, as Kafka names them behind `listener.name.secured.`. */
  readonly secured?: Readonly<Record<string, string>>
  /** Of a cluster; a broker alone needs none of it. */
  readonly member?: ClusterMember
}

interface ClusterMember {
  readonly id: number
  readonly clusterId: string
  readonly port: number
  /** Of the member with id 1. */
  readonly controllerPort: number
  readonly securedPort?: number
}

/** Brokers that were not stopped must not outlive the process that started them. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class KafkaBroker {
  /** `host:port`, for clients; the same after a restart. */
  readonly address: string
  /** Of the listener with TLS and SASL. */
  readonly securedAddress: string | undefined
  readonly folder: string
  readonly #classPath: string
  #child: ChildProcess | undefined
  /** The last lines it wrote, for the error when it does not start. */
  #lines: string[] = []

  private constructor(member: ClusterMember, folder: string, classPath: string) {
    this.address = hostOf(member.port)
    this.securedAddress = member.securedPort === undefined ? undefined : hostOf(member.securedPort)
    this.folder = folder
    this.#classPath = classPath
  }

  /**
   * Starts a broker on free ports in a folder of its own, which `stop` removes.
   *
   * @throws with the reason when it cannot be started: no JDK 17, no Maven, no jars, or what the broker said
   */
  static async start(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
    const classPath = await kafkaClassPath()
    const member = options.member ?? (await aloneMember(options.secured !== undefined))
    const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
    const broker = new KafkaBroker(member, folder, classPath)
    try {
      const secured = Object.entries(options.secured ?? {}).map(([key, value]) => [
        `listener.name.secured.${key}`,
        value
      ])
      await broker.#format(member, { ...Object.fromEntries(secured), ...options.properties })
      await broker.#run()
    } catch (cause) {
      await broker.stop()
      throw cause
    }
    return broker
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Ends it as a power cut ends a process: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Freezes it: connections stay open and nothing answers. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Starts it again on the same folder and the same ports, after `kill` or in place of a running one. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.#run()
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  get #propertiesFile(): string {
    return join(this.folder, 'server.properties')
  }

  async #format(member: ClusterMember, extra: Readonly<Record<string, string | number>>) {
    await mkdir(join(this.folder, 'data'))
    const properties = { ...propertiesOf(member, join(this.folder, 'data')), ...extra }
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(this.#propertiesFile, lines.join(''))
    const format = ['format', '-t', member.clusterId, '-c', this.#propertiesFile]
    try {
      await promisify(execFile)('java', [
        ...java,
        '-cp',
        this.#classPath,
        'kafka.tools.StorageTool',
        ...format
      ])
    } catch (cause) {
      const { message, stdout = '', stderr = '' } = cause as Record<string, string>
      throw new Error(
        `the tests need Kafka, and its storage could not be made (java 17 or newer must be installed): ${message}\n${stdout}${stderr}`,
        { cause }
      )
    }
  }

  async #run(): Promise<void> {
    const child = spawn(
      'java',
      [...java, '-cp', this.#classPath, 'kafka.Kafka', this.#propertiesFile],
      { stdio: ['ignore', 'pipe', 'pipe'] }
    )
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    this.#lines = []
    const started = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(this.#failure(`not started within ${startTimeoutMs} ms`))),
        startTimeoutMs
      )
      child.once('error', (cause) => reject(new Error(this.#failure(cause.message), { cause })))
      child.once('exit', (code, signal) =>
        reject(new Error(this.#failure(`it ended with ${code ?? signal}`)))
      )
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          this.#lines.push(line)
          if (this.#lines.length > 100) this.#lines.shift()
          if (line.includes('Kafka Server started')) {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    })
    await started
  }

  #failure(reason: string): string {
    return `the tests need Kafka, and the broker did not start: ${reason}\n${this.#lines.join('\n')}`
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    // A stopped process sees only SIGKILL, and a broker without its controller may wait for it at its end.
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await exited
    clearTimeout(timer)
  }
}

/**
 * Starts several brokers that are one cluster. The first one is the controller as well, so that it must stay.
 *
 * @param properties lines for all of them
 */
export async function startKafkaCluster(
  count: number,
  properties: Readonly<Record<string, string | number>> = {}
): Promise<KafkaBroker[]> {
  const [controllerPort = 0, ...ports] = await freePorts(count + 1)
  const clusterId = newClusterId()
  const starts = await Promise.allSettled(
    ports.map((port, index) => {
      const member = { id: index + 1, clusterId, port, controllerPort }
      return KafkaBroker.start({ properties, member })
    })
  )
  const brokers = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const failed = starts.find((start) => start.status === 'rejected')
  if (failed === undefined) return brokers
  await Promise.all(brokers.map((broker) => broker.stop()))
  throw failed.reason
}

async function aloneMember(isSecured: boolean): Promise<ClusterMember> {
  const [port = 0, controllerPort = 0, securedPort = 0] = await freePorts(3)
  const member = { id: 1, clusterId: newClusterId(), port, controllerPort }
  return isSecured ? { ...member, securedPort } : member
}

/** Never with a dash at its begin, which the storage tool takes for an option. */
function newClusterId(): string {
  return Buffer.concat([Buffer.of(0x4d), randomBytes(15)]).toString('base64url')
}

/** What makes a broker small and quick to start: one partition of offsets, small buffers, few threads. */
function propertiesOf(member: ClusterMember, data: string): Record<string, string | number> {
  const isController = member.id === 1
  const plain = `PLAINTEXT://${hostOf(member.port)}`
  const { securedPort } = member
  const own = securedPort === undefined ? plain : `${plain},SECURED://${hostOf(securedPort)}`
  const controller = hostOf(member.controllerPort)
  return {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': member.id,
    'controller.quorum.voters': `1@${controller}`,
    listeners: isController ? `${own},CONTROLLER://${controller}` : own,
    'advertised.listeners': own,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL',
    'log.dirs': data,
    'num.partitions': 1,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 1,
    'num.io.threads': 2,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2097152,
    'log.segment.bytes': 16777216,
    'message.max.bytes': 8388608,
    'replica.fetch.max.bytes': 8388608,
    'controlled.shutdown.enable': 'false',
    // A broker that was killed may come back only when its old session has ended.
    'broker.session.timeout.ms': 1500,
    'broker.heartbeat.interval.ms': 300
  }
}

function hostOf(port: number): string {
  return `127.0.0.1:${port}`
}
