// The generated video and its reference play together: what one does, the other does too.
for (const both of document.querySelectorAll(".videos")) {
  const videos = [...both.querySelectorAll("video")];
  if (videos.length < 2) continue;
  const button = make("button", { type: "button", className: "together" }, "play both");
  button.addEventListener("click", async () => {
    const playing = videos.some((video) => !video.paused);
    if (playing) return videos.forEach((video) => video.pause());
    videos.forEach((video) => { video.currentTime = 0; });
    const started = await Promise.allSettled(videos.map((video) => video.play()));
    if (started.some((each) => each.status === "rejected")) button.textContent = "this browser can't play them: open the links";
  });
  both.append(button);
}
