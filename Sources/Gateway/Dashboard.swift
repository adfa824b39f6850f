import Crypto
import Foundation
import Hummingbird
import NIOCore

/// One page that shows the newest 20 jobs, the workers and pictures of the newest job. It asks the native API every two
/// seconds, as anybody can, and loads nothing from elsewhere, so that it works without the internet. Its browser runs
/// no script but its own, which is named by its digest.
enum Dashboard {
  /// `GET /`: the page, `text/html`.
  static func addRoutes(to router: Router<GatewayContext>) {
    router.get("/") { _, _ in
      Response(
        status: .ok,
        headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy],
        body: ResponseBody(byteBuffer: ByteBuffer(string: page)))
    }
  }

  /// What the page may do: run this script, look like this, and ask the coordinator.
  private static let policy =
    "default-src 'none'; script-src '\(digest(script))'; style-src '\(digest(style))'; img-src 'self'; "
    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// A text as a policy names it: all that stands between the tags.
  private static func digest(_ text: String) -> String {
    "sha256-" + Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
  }

  private static let page = """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><title>Atelier</title>
    <style>\(style)</style></head><body>
    <h1>Atelier</h1><p class="wait" id="trouble"></p>
    <h2>Jobs</h2><table id="jobs"></table>
    <h2>Workers</h2><table id="workers"></table>
    <h2>Newest job</h2><div id="pictures"></div>
    <script>\(script)</script></body></html>
    """

  private static let style = """
    body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222; }
    table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
    progress { width: 12rem; } #pictures { display: flex; flex-wrap: wrap; gap: .5rem; }
    #pictures figure { margin: 0; width: 128px; font-size: 12px; } #pictures img { width: 128px; height: 128px; }
    .wait { color: #a40; }
    """

  private static let script = """
    const get = async path => {
      const answer = await fetch('/api/v1/' + path), facts = await answer.json();
      if (!answer.ok) throw new Error(facts.error.message);
      return facts;
    };
    const cell = (row, content) => { const td = row.insertCell(); td.append(content); return td; };
    const fill = (table, head, rows, draw) => {
      table.replaceChildren(); const first = table.insertRow();
      head.forEach(text => { const th = document.createElement('th'); th.textContent = text; first.append(th); });
      rows.forEach(row => draw(table.insertRow(), row));
    };
    async function refresh() {
      const [jobs, workers] = await Promise.all([get('jobs?limit=20'), get('workers')]);
      fill(document.getElementById('jobs'), ['job', 'name', 'state', 'images', ''], jobs, (row, job) => {
        cell(row, job.id); cell(row, job.name); cell(row, job.state);
        const bar = document.createElement('progress');
        bar.max = job.images.total; bar.value = job.images.total - job.images.pending;
        cell(row, bar).append(' ' + job.images.completed + ' of ' + job.images.total + (job.images.failed ? ', ' + job.images.failed + ' failed' : ''));
        cell(row, job.waiting_for.join(' ')).className = 'wait';
      });
      fill(document.getElementById('workers'), ['worker', 'pool', 'state', 'working on', 'done'], workers, (row, worker) => {
        cell(row, worker.id); cell(row, worker.pool); cell(row, worker.state);
        cell(row, worker.running.map(r => r.stage + ' ' + r.step + '/' + r.steps).join(', ')); cell(row, String(worker.completed));
      });
      if (jobs.length) {
        const page = await get('jobs/' + jobs[0].id + '/images?limit=48');
        document.getElementById('pictures').replaceChildren(...page.lines.filter(l => l.state === 'completed').map(line => {
          const figure = document.createElement('figure'), image = document.createElement('img'), caption = document.createElement('figcaption');
          image.src = '/api/v1/jobs/' + line.job + '/pictures/' + line.item + '/' + line.index;
          caption.textContent = line.prompt; figure.append(image, caption); return figure;
        }));
      }
    }
    const tell = error => { document.getElementById('trouble').textContent = error ? error.message : ''; };
    const again = () => refresh().then(() => tell(), tell);
    again(); setInterval(again, 2000);
    """
}
