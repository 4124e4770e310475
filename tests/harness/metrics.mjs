// The figures of /metrics as numbers by name, labels included.

export async function metrics(client) {
  const { text } = await client.get('/metrics', { expect: 200 });
  const lines = text.split('\n').filter((line) => line && line[0] !== '#');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').pop())]));
}
