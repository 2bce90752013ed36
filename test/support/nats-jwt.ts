/** A NATS operator with one account and one user, as `nsc` would make them: for servers that know users by their JWT. */
import { createAccount, createOperator, createUser, type KeyPair } from 'nkeys.js'

export interface NatsUser {
  /** Lines for the server's configuration. */
  readonly serverConfig: string
  /** The text of a `.creds` file. */
  readonly credentials: string
}

export function makeNatsUser(): NatsUser {
  const [operator, account, user] = [createOperator(), createAccount(), createUser()]
  const limits = { subs: -1, data: -1, payload: -1 }
  const operatorJwt = jwt(operator, operator, { type: 'operator', version: 2 })
  const accountJwt = jwt(operator, account, {
    type: 'account',
    version: 2,
    limits: { ...limits, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  })
  const userJwt = jwt(account, user, { type: 'user', version: 2, ...limits })
  const seed = new TextDecoder().decode(user.getSeed())
  return {
    serverConfig: [
      `operator: ${operatorJwt}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`
    ].join('\n'),
    credentials: [
      '-----BEGIN NATS USER JWT-----',
      userJwt,
      '------END NATS USER JWT------',
      '',
      '-----BEGIN USER NKEY SEED-----',
      seed,
      '------END USER NKEY SEED------',
      ''
    ].join('\n')
  }
}

function jwt(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    jti: subject.getPublicKey(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: 'tests',
    sub: subject.getPublicKey(),
    nats
  }
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  const signature = issuer.sign(Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}
