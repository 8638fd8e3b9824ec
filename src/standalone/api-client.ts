/** One call as it went over the wire, for whoever wants to show it. */
export interface ApiCall {
  method: string;
  url: string;
  body: unknown;
  status: number;
  answer: unknown;
}

/** What the server answered, in its own words (RFC 9457). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

interface Problem {
  code?: string;
  title?: string;
  detail?: string;
  errors?: { pointer?: string; detail?: string }[];
}

/** The server's API as any program outside uses it: HTTP, a token, JSON. */
export class ApiClient {
  constructor(
    /** Of the server, without a path: `http://127.0.0.1:8080`. */
    readonly baseUrl: string,
    private readonly token: string,
    private readonly onCall: (call: ApiCall) => void = () => undefined,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.call<T>('PATCH', path, body);
  }

  /** True when the server answers that it can work. */
  static async isReady(baseUrl: string): Promise<boolean> {
    const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const url = `${this.baseUrl}/api/v1${path}`;
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Longer than the longest `?wait`.
      signal: AbortSignal.timeout(70_000),
    });
    const text = await response.text();
    const answer: unknown =
      text !== '' && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    this.onCall({ method, url, body, status: response.status, answer });
    if (response.ok) return answer as T;
    const problem = (typeof answer === 'object' && answer !== null ? answer : {}) as Problem;
    const fields = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer ?? ''} ${detail ?? ''}`.trim());
    const detail = [problem.detail ?? problem.title ?? text.slice(0, 300), ...fields].join('; ');
    throw new ApiError(response.status, problem.code ?? 'unknown', `${method} ${path}: ${response.status} ${detail}`);
  }
}
