# SPDX-License-Identifier: MIT
# The formula, for a tap or for homebrew-core. `./dev brew` runs its install and test blocks on Linux. The zeros of `sha256`
# say that nothing is released yet: docs/RELEASING.md puts the sum in once the tarball of a version exists.
class Tinyhttpd < Formula
  desc "Responder that answers HTTP requests with what was fixed before"
  homepage "https://github.com/tinyhttpd/tinyhttpd"
  url "https://github.com/tinyhttpd/tinyhttpd/releases/download/v0.1.0/tinyhttpd-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"
  head "https://github.com/tinyhttpd/tinyhttpd.git", branch: "main"

  depends_on "cli11" => :build
  depends_on "cmake" => :build
  depends_on "tomlplusplus" => :build
  depends_on "fmt"
  depends_on "spdlog"

  on_linux do
    depends_on "pkgconf" => :build
    depends_on "liburing"
  end

  def install
    system "cmake", "-S", ".", "-B", "build", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
    pkgetc.install "config.example.toml" => "config.toml"
  end

  service do
    run [opt_bin/"tinyhttpd", "--config", etc/"tinyhttpd/config.toml"]
    keep_alive true
    error_log_path var/"log/tinyhttpd.log"
  end

  test do
    port = free_port
    server = spawn bin/"tinyhttpd", "--listen", "127.0.0.1:#{port}", "--body", "Hello from a test", "--max-time", "1m"
    begin
      url = "http://127.0.0.1:#{port}/"
      assert_equal "Hello from a test", shell_output("curl --silent --retry 10 --retry-connrefused #{url}")
    ensure
      Process.kill "TERM", server
      Process.wait server
    end
    assert_predicate $CHILD_STATUS, :success?
  end
end
